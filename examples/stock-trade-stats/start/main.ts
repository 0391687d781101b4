/** `npm start`: Stock Trade Stats with its page, embedded or on a broker. */

import { systemClock } from "../../../lib/adapters/system/clock.ts";
import { jsonLogger, silentLogger } from "../../../lib/adapters/system/logger.ts";
import { helpText, parseArguments } from "../../../lib/cli/arguments.ts";
import { eventLine, startUpLines, statusLine } from "../../../lib/cli/start-lines.ts";
import { startCommand } from "../../../lib/cli/start-options.ts";
import { Terminal } from "../../../lib/cli/terminal.ts";
import { startConsole } from "../../../lib/console/server.ts";
import { isStreamError } from "../../../lib/core/errors.ts";
import type { Logger } from "../../../lib/ports/logger.ts";
import { Demo } from "./demo.ts";

const terminal = new Terminal({
  output: process.stdout,
  environment: process.env,
  monotonicMs: () => performance.now(),
});

let shownEvent = 0;

try {
  const parsed = parseArguments(startCommand, process.argv.slice(2));
  if (parsed.kind === "help") process.stdout.write(helpText(startCommand));
  else await start(parsed.values);
} catch (error) {
  const message = isStreamError(error)
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

async function start(values: {
  data: string;
  reset: boolean;
  port: number;
  kafka: string | undefined;
  input: "generator" | "nab";
  load: number;
  json: boolean;
}): Promise<void> {
  const demo = await Demo.start({ ...values, logger: (onLine) => demoLogger(values.json, onLine) });
  const page = await startConsole({
    port: values.port,
    state: () => demo.consoleState(),
    actions: demo.actions,
    clock: systemClock,
  }).catch(async (error: unknown) => {
    await demo.stop();
    throw error;
  });
  if (!values.json) for (const line of startUpLines(terminal, demo.consoleState(), page.url)) terminal.line(line);
  else process.stdout.write(`${JSON.stringify({ event: "page-ready", url: page.url })}\n`);
  const showing = values.json ? undefined : setInterval(() => show(demo), 250);
  await untilInterrupted();
  if (showing !== undefined) clearInterval(showing);
  terminal.line("draining: workers commit, publish and release; Ctrl-C again stops at once");
  await page.close();
  await demo.stop();
  terminal.line("stopped; the same command continues here");
}

function show(demo: Demo): void {
  const state = demo.consoleState();
  for (const event of [...state.events].reverse()) {
    if (event.number <= shownEvent) continue;
    shownEvent = event.number;
    const line = eventLine(terminal, event);
    if (line !== undefined) terminal.line(line);
  }
  terminal.status(statusLine(terminal, state));
}

function demoLogger(json: boolean, onLine: (event: string, fields: Readonly<Record<string, unknown>>) => void): Logger {
  const inner = json ? jsonLogger("info", (line) => process.stdout.write(`${line}\n`), Date.now) : silentLogger;
  return tee(inner, {}, onLine);
}

/** A logger that also tells the page. */
function tee(
  inner: Logger,
  base: Readonly<Record<string, unknown>>,
  onLine: (event: string, fields: Readonly<Record<string, unknown>>) => void,
): Logger {
  const line =
    (write: Logger["info"]): Logger["info"] =>
    (event, fields) => {
      onLine(event, { ...base, ...fields });
      write(event, fields);
    };
  return {
    debug: inner.debug,
    info: line(inner.info),
    warn: line(inner.warn),
    error: line(inner.error),
    with: (fields) => tee(inner.with(fields), { ...base, ...fields }, onLine),
  };
}

/** Ctrl-C or SIGTERM; the second one ends the process at once. */
function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on("SIGINT", ask);
    process.on("SIGTERM", ask);
  });
}
