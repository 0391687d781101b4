import type { IncomingMessage, ServerResponse } from "node:http";
import { StreamError } from "../core/errors.ts";
import type { Asset } from "./assets.ts";
import type { EventStream } from "./event-stream.ts";
import type { History } from "./history.ts";
import { errorReply, securityHeaders, sendJson } from "./replies.ts";
import { parseKill, parseLoad, parseLookUp, refusalOf } from "./requests.ts";
import type { ConsoleActions, ConsoleState } from "./state.ts";

const BODY_BYTES_MAX = 4_096;
const TABLES = "/api/tables/";

/** What the routes work with. */
export interface RouteContext {
  readonly assets: ReadonlyMap<string, Asset>;
  readonly stream: EventStream;
  readonly history: History;
  readonly state: () => ConsoleState;
  readonly actions: ConsoleActions;
  /** Told about failures that are ours. */
  readonly failed: (error: unknown, address: string) => void;
}

/** Answers one request; never throws. */
export async function answer(context: RouteContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = addressOf(request);
    const refusal = refusalOf(request.method ?? "", url.pathname, request.headers);
    if (refusal !== undefined) sendJson(response, 403, errorReply(refusal).body);
    else await route(context, { url, request, response });
  } catch (error) {
    const { status, body } = errorReply(error);
    if (status === 500) context.failed(error, request.url ?? "");
    if (response.headersSent) response.destroy();
    else sendJson(response, status, body);
  }
}

interface Call {
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function route(context: RouteContext, call: Call): Promise<void> {
  const { url, request, response } = call;
  const asset = context.assets.get(url.pathname);
  const name = asset === undefined ? nameOf(url.pathname) : "asset";
  const wanted = name === "kill" || name === "load" ? "POST" : "GET";
  const method = request.method === "HEAD" && asset !== undefined ? "GET" : request.method;
  if (name !== "unknown" && method !== wanted) {
    response.setHeader("allow", wanted);
    sendJson(response, 405, errorReply(new StreamError("REQUEST_REJECTED", `${url.pathname} takes ${wanted}`)).body);
    return;
  }
  if (asset !== undefined) {
    response.writeHead(200, { ...securityHeaders, "content-type": asset.type });
    response.end(request.method === "HEAD" ? undefined : asset.body);
  } else if (name === "events") openEvents(context, response);
  else if (name === "state") sendJson(response, 200, context.state());
  else if (name === "kill")
    sendJson(response, 200, await context.actions.kill(parseKill(await bodyOf(request)).worker));
  else if (name === "load") {
    const { factor } = parseLoad(await bodyOf(request), context.state().input.loadFactorMax);
    context.actions.setLoad(factor);
    sendJson(response, 200, { factor });
  } else if (name === "tables") {
    sendJson(response, 200, await context.actions.lookUp(parseLookUp(storeOf(url.pathname), url.searchParams)));
  } else {
    sendJson(response, 404, errorReply(new StreamError("REQUEST_REJECTED", `nothing is at ${url.pathname}`)).body);
  }
}

function nameOf(path: string): "events" | "state" | "kill" | "load" | "tables" | "unknown" {
  if (path === "/api/events") return "events";
  if (path === "/api/state") return "state";
  if (path === "/api/kill") return "kill";
  if (path === "/api/load") return "load";
  return path.startsWith(TABLES) && path.length > TABLES.length ? "tables" : "unknown";
}

function openEvents(context: RouteContext, response: ServerResponse): void {
  if (context.stream.open(response, { event: "history", data: context.history.samples() })) return;
  throw new StreamError("REQUEST_REJECTED", "too many pages are open: close one", {
    details: { open: context.stream.clientCount },
  });
}

function addressOf(request: IncomingMessage): URL {
  // A target such as `//x` or `http://y/` would name another host; only its path is ours to look at.
  const target = `http://console${request.url?.startsWith("/") ? request.url : "/unknown"}`;
  if (!URL.canParse(target)) throw new StreamError("REQUEST_REJECTED", "the address cannot be read");
  return new URL(target);
}

function storeOf(path: string): string {
  try {
    return decodeURIComponent(path.slice(TABLES.length));
  } catch (cause) {
    throw new StreamError("QUERY_INVALID", "the name of the store cannot be read", { cause });
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not destroyed on return: a body that is too long still gets its answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) {
      request.resume();
      throw new StreamError("REQUEST_REJECTED", `a body has at most ${BODY_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
