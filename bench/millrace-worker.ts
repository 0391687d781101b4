/**
 * The Millrace side of a comparison, in a process of its own: runs a shape through the public API and prints JSON lines:
 * started, done, failed. Arguments: shape, bootstrap, application, input, table, output, records, commitMs.
 */
import { defineApp } from "../lib/index.ts";
import { runMillrace } from "./run-millrace.ts";
import { shapeApps } from "./throughput/apps.ts";
import type { ShapeName } from "./throughput/shapes.ts";

const args = new Map(
  process.argv.slice(2).map((arg) => [arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)]),
);

function argument(name: string): string {
  const value = args.get(name);
  if (value === undefined) throw new Error(`missing argument ${name}=…`);
  return value;
}

function report(event: string, facts: Readonly<Record<string, unknown>> = {}): void {
  const { user, system } = process.cpuUsage();
  process.stdout.write(`${JSON.stringify({ event, atMs: Date.now(), cpuMs: (user + system) / 1_000, ...facts })}\n`);
}

const input = argument("input");
const topics = { input, table: argument("table"), output: argument("output") };
const define = shapeApps[argument("shape") as ShapeName];
const app = defineApp({ id: argument("application") }, (builder) => define(builder, topics));

try {
  report("started");
  const run = await runMillrace(app, {
    bootstrap: argument("bootstrap"),
    input,
    records: Number(argument("records")),
    commitMs: Number(argument("commitMs")),
  });
  report("done", { committed: run.committed });
} catch (error) {
  report("failed", { message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exitCode = 1;
}
