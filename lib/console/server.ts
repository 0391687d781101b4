import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { StreamError } from "../core/errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { loadAssets } from "./assets.ts";
import { EventStream } from "./event-stream.ts";
import { History, sampleOf } from "./history.ts";
import { answer } from "./routes.ts";
import type { ConsoleActions, ConsoleState } from "./state.ts";

/** What the console needs. */
export interface ConsoleOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Loopback by default. The page is for the person at this machine: it has no log-in. */
  readonly host?: string;
  /** The newest state; cheap, called once per interval. */
  readonly state: () => ConsoleState;
  readonly actions: ConsoleActions;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** How often pages get a state. */
  readonly intervalMs?: number;
  /** How many pages may be open at a time. */
  readonly clientsMax?: number;
}

/** A running console. */
export interface ConsoleServer {
  /** Address of the page. */
  readonly url: string;
  /** Ends every stream and connection. */
  close(): Promise<void>;
}

/** How much of the past a page gets when it opens. */
const HISTORY_MS = 300_000;

/**
 * Serves the page, its events and its actions.
 *
 * @throws {StreamError} `PORT_IN_USE`; `ACCESS_DENIED` for a port that needs more rights
 */
export async function startConsole(options: ConsoleOptions): Promise<ConsoleServer> {
  const host = options.host ?? "127.0.0.1";
  const intervalMs = options.intervalMs ?? 500;
  const history = new History(Math.ceil(HISTORY_MS / intervalMs));
  const stream = new EventStream(options.clientsMax ?? 16);
  const assets = await loadAssets();
  const failed = (error: unknown, address: string): void =>
    options.logger?.error("console-request-failed", { address, error: String(error) });
  const context = { assets, stream, history, state: options.state, actions: options.actions, failed };
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 16_384 },
    (request, response) => {
      void answer(context, request, response);
    },
  );
  await listen(server, options.port, host);
  // A connection that cannot be accepted, for want of file descriptors for example, must not end the process.
  server.on("error", (error) => options.logger?.error("console-failed", { error: String(error) }));
  const stopped = new AbortController();
  const ticking = tick({ options, intervalMs, history, stream, signal: stopped.signal });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}/`,
    close: async () => {
      stopped.abort();
      await ticking;
      // The last word: a page that stays open shows how it ended.
      sendState(options, history, stream);
      stream.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        // Whoever has not finished by now had a request in flight; the process is about to end.
        void options.clock.sleep(200).then(() => server.closeAllConnections());
      });
    },
  };
}

interface Ticking {
  readonly options: ConsoleOptions;
  readonly intervalMs: number;
  readonly history: History;
  readonly stream: EventStream;
  readonly signal: AbortSignal;
}

async function tick({ options, intervalMs, history, stream, signal }: Ticking): Promise<void> {
  while (!signal.aborted) {
    sendState(options, history, stream);
    await options.clock.sleep(intervalMs, signal);
  }
}

/** A state that cannot be made must not end the page: it is reported, and the next one is tried. */
function sendState(options: ConsoleOptions, history: History, stream: EventStream): void {
  try {
    const state = options.state();
    history.add(sampleOf(state));
    stream.send("state", state);
  } catch (error) {
    options.logger?.error("console-state-failed", { error: String(error) });
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (cause: NodeJS.ErrnoException): void => reject(listenError(cause, port, host));
    server.once("error", refused);
    server.listen(port, host, () => {
      server.off("error", refused);
      resolve();
    });
  });
}

function listenError(cause: NodeJS.ErrnoException, port: number, host: string): unknown {
  const details = { port, host };
  const another = "choose another with --port N (0 takes any free one)";
  if (cause.code === "EADDRINUSE") {
    return new StreamError("PORT_IN_USE", `port ${port} on ${host} is taken: stop what listens there, or ${another}`, {
      details,
      cause,
    });
  }
  if (cause.code === "EACCES") {
    return new StreamError(
      "ACCESS_DENIED",
      `port ${port} on ${host} needs more rights than this user has: ${another}`,
      { details, cause },
    );
  }
  return cause;
}
