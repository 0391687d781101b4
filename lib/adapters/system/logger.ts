import type { LogFields, Logger } from "../../ports/logger.ts";

const levels = ["debug", "info", "warn", "error"] as const;

/** How much is written. */
export type LogLevel = (typeof levels)[number];

/** Field names whose values are never written. */
const secretName = /password|secret|token|authorization|credential|sasl/i;

/**
 * A logger that writes one JSON object per line.
 *
 * @param write receives a finished line, without a line end
 * @example
 * const logger = jsonLogger("info", (line) => process.stderr.write(`${line}\n`), () => Date.now());
 */
export function jsonLogger(level: LogLevel, write: (line: string) => void, nowMs: () => number): Logger {
  return make(levels.indexOf(level), { write, nowMs }, {});
}

function make(least: number, out: { write: (line: string) => void; nowMs: () => number }, base: LogFields): Logger {
  const line = (level: LogLevel, event: string, fields: LogFields | undefined): void => {
    if (levels.indexOf(level) < least) return;
    out.write(
      JSON.stringify({ time: new Date(out.nowMs()).toISOString(), level, event, ...redact({ ...base, ...fields }) }),
    );
  };
  return {
    debug: (event, fields) => line("debug", event, fields),
    info: (event, fields) => line("info", event, fields),
    warn: (event, fields) => line("warn", event, fields),
    error: (event, fields) => line("error", event, fields),
    with: (fields) => make(least, out, { ...base, ...fields }),
  };
}

function redact(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, secretName.test(name) ? "[redacted]" : value]),
  );
}

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silentLogger,
};
