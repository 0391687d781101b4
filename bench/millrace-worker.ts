/**
 * The Millrace side of the throughput bench, in a process of its own: counts records per key through the public API and
 * prints JSON lines: started, done, failed. Arguments: bootstrap, application, input, output, records, commitMs.
 */
import { bytes, defineApp, int64, string } from "../lib/index.ts";
import { runMillrace } from "./run-millrace.ts";

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

const app = defineApp({ id: argument("application") }, (builder) => {
  builder
    .stream(argument("input"), { key: string(), value: bytes() })
    .groupByKey()
    .count({ store: "counts" })
    .toStream()
    .to(argument("output"), { key: string(), value: int64() });
});

try {
  report("started");
  const run = await runMillrace(app, {
    bootstrap: argument("bootstrap"),
    records: Number(argument("records")),
    commitMs: Number(argument("commitMs")),
  });
  report("done", { committed: run.committed });
} catch (error) {
  report("failed", { message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exitCode = 1;
}
