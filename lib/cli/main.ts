#!/usr/bin/env node
/** `millrace`: looks at applications from a terminal. Owns arguments, output and exit codes; decides nothing. */
import { createRequire } from "node:module";
import { nearestName } from "../config/nearest-name.ts";
import { StreamError } from "../core/errors.ts";
import type { Command, CommandContext } from "./command.ts";
import { describeCommand } from "./describe-command.ts";
import { exitCodes, failureOf } from "./failure.ts";
import { queryCommand } from "./query-command.ts";
import { settingsCommand } from "./settings-command.ts";
import { Terminal } from "./terminal.ts";

const commands: Readonly<Record<string, Command>> = {
  describe: describeCommand,
  query: queryCommand,
  settings: settingsCommand,
};

const terminal = new Terminal({
  output: process.stdout,
  environment: process.env,
  monotonicMs: () => performance.now(),
});
const columns = process.stdout.isTTY ? process.stdout.columns : undefined;
try {
  process.exitCode = await run(process.argv.slice(2), { terminal, columns, environment: process.env });
} catch (error) {
  const { line, exitCode } = failureOf(error);
  process.stderr.write(`${line}\n`);
  process.exitCode = exitCode;
}

async function run([name, ...argv]: readonly string[], context: CommandContext): Promise<number> {
  if (name === "--version" || name === "-v") {
    context.terminal.line(version());
    return exitCodes.done;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    const command = commands[argv[0] ?? ""];
    if (command !== undefined) return command.run(["--help"], context);
    context.terminal.write(overview());
    return exitCodes.done;
  }
  if (name === undefined) throw new StreamError("CONFIG_INVALID", "which command? (millrace --help lists them)");
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) return command.run(argv, context);
  const near = nearestName(name, Object.keys(commands));
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  throw new StreamError("CONFIG_INVALID", `there is no command ${name}${hint} (millrace --help lists them)`);
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
