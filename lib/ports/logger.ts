/** Facts of one log line; plain values, never secrets, never record contents. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log lines. `event` is a stable kebab-case name that an alarm can match. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger;
}
