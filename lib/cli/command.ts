import {
  type ArgumentValues,
  type CommandSpec,
  helpText,
  type Options,
  parseArguments,
  type Words,
} from "./arguments.ts";
import { exitCodes } from "./failure.ts";
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

/** Makes a command that tells what it does when asked for help, and else runs with the values that were given. */
export function command<const O extends Options, const W extends Words = Readonly<Record<never, never>>>(
  spec: CommandSpec<O, W>,
  run: (values: ArgumentValues<O, W>, context: CommandContext) => Promise<number>,
): Command {
  return {
    spec: spec as CommandSpec,
    run: async (argv, context) => {
      const parsed = parseArguments(spec, argv);
      if (parsed.kind === "run") return run(parsed.values, context);
      context.terminal.write(helpText(spec as CommandSpec));
      return exitCodes.done;
    },
  };
}
