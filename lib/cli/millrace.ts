import { createRequire } from "node:module";
import { nearestName } from "../config/nearest-name.ts";
import { StreamError } from "../core/errors.ts";
import type { Command, CommandContext } from "./command.ts";
import { describeCommand } from "./describe-command.ts";
import { exitCodes } from "./failure.ts";
import { queryCommand } from "./query-command.ts";
import { redriveCommand } from "./redrive-command.ts";
import { settingsCommand } from "./settings-command.ts";

const commands: Readonly<Record<string, Command>> = {
  describe: describeCommand,
  query: queryCommand,
  redrive: redriveCommand,
  settings: settingsCommand,
};

/**
 * Runs `millrace` with its arguments: a command, or what help and version ask for.
 *
 * @returns the exit code
 * @throws {StreamError} `CONFIG_INVALID` for an unknown command, and what the command runs into
 */
export async function millrace([name, ...argv]: readonly string[], context: CommandContext): Promise<number> {
  if (name === "--version" || name === "-v") {
    context.terminal.line(version());
    return exitCodes.done;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    const command = commandOf(argv[0] ?? "");
    if (command !== undefined) return command.run(["--help"], context);
    context.terminal.write(overview());
    return exitCodes.done;
  }
  if (name === undefined) throw new StreamError("CONFIG_INVALID", "which command? (millrace --help lists them)");
  const command = commandOf(name);
  if (command !== undefined) return command.run(argv, context);
  const near = nearestName(name, Object.keys(commands));
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  throw new StreamError("CONFIG_INVALID", `there is no command ${name}${hint} (millrace --help lists them)`);
}

function commandOf(name: string): Command | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}

function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const examples = Object.values(commands).flatMap(({ spec }) => spec.examples.slice(0, 1));
  return [
    `millrace ${version()}: looks at applications of Millrace.`,
    "",
    "Usage: millrace COMMAND [options]",
    "",
    ...Object.entries(commands).map(([name, { spec }]) => `  ${name.padEnd(width)}  ${spec.summary}`),
    "",
    "Examples",
    ...examples.flatMap(({ line, what }) => [`  ${line}`, `      ${what}`]),
    "  millrace query --help",
    "      Everything about one command.",
    "",
    "Exit codes",
    `  ${exitCodes.done}  done`,
    `  ${exitCodes.failed}  failed; the line says the code and, in brackets, what to do (docs/errors.md)`,
    `  ${exitCodes.wrongRequest}  the command line, a setting, the application file or the query is wrong`,
    `  ${exitCodes.nothingFound}  the store has no such row`,
    `  ${exitCodes.tryAgain}  a passing failure: try again`,
    "",
  ].join("\n");
}

function version(): string {
  return (createRequire(import.meta.url)("millrace/package.json") as { version: string }).version;
}
