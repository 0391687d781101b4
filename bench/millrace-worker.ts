/**
 * The Millrace side of a comparison, in a process of its own: runs a shape through the public API and prints JSON lines:
 * started, done (each with its application), failed. Arguments: shape, bootstrap, application, input, other, output, records (0: until it is
 * told to end), commitMs, cacheBytes; pins; times=N runs it N times in this process, from the second time on with "-2", "-3", … behind
 * application and output; warmMs=N ends the first time N ms after it began.
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

async function runTime(time: number, stop: AbortSignal): Promise<void> {
  const suffix = time === 1 ? "" : `-${time}`;
  const id = argument("application") + suffix;
  const input = argument("input");
  const topics = { input, other: argument("other"), output: argument("output") + suffix };
  report("started", { application: id });
  const pins = args.has("pins") ? { pins: Number(argument("pins")) } : {};
  const statestoreCacheMaxBytes = Number(argument("cacheBytes"));
  const app = defineApp({ id, ...pins, statestoreCacheMaxBytes }, (builder) =>
    shapeApps[argument("shape") as ShapeName](builder, topics),
  );
  const warmMs = Number(args.get("warmMs") ?? 0);
  const committed = await runMillrace(app, {
    bootstrap: argument("bootstrap"),
    inputs: [input, topics.other],
    records: Number(argument("records")),
    commitMs: Number(argument("commitMs")),
    stop: time === 1 && warmMs > 0 ? AbortSignal.any([stop, AbortSignal.timeout(warmMs)]) : stop,
  });
  report("done", { application: id, committed });
}

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
try {
  for (let time = 1; time <= Number(args.get("times") ?? 1); time++) await runTime(time, stop.signal);
} catch (error) {
  report("failed", { message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exitCode = 1;
}
