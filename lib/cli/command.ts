import type { CommandSpec } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

/** Where a command writes and what it knows of its surroundings. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Columns of the terminal; undefined where lines may be as long as they are. */
  readonly columns: number | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A command of `millrace`. */
export interface Command {
  readonly spec: CommandSpec;
  /** @returns the exit code. @throws {StreamError} `CONFIG_INVALID` for arguments that do not fit, and what it runs into */
  run(argv: readonly string[], context: CommandContext): Promise<number>;
}
