#!/usr/bin/env node
/** The program `millrace`: gives the process's arguments, environment and streams to the command. Decides nothing. */
import { failureOf } from "./failure.ts";
import { millrace } from "./millrace.ts";
import { Terminal } from "./terminal.ts";

// who reads only the beginning (`| head`) is not an error
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});
const terminal = new Terminal({
  output: process.stdout,
  environment: process.env,
  monotonicMs: () => performance.now(),
});
const columns = process.stdout.isTTY ? process.stdout.columns : undefined;
try {
  process.exitCode = await millrace(process.argv.slice(2), { terminal, columns, environment: process.env });
} catch (error) {
  const { line, exitCode } = failureOf(error);
  process.stderr.write(`${line}\n`);
  process.exitCode = exitCode;
}
