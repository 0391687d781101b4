import { type BenchOptions, parseBenchArguments } from "./arguments.ts";
import { coldImport } from "./cold-import.ts";
import { growth } from "./growth/scenario.ts";
import { latency } from "./latency/scenario.ts";
import { operators } from "./operators-scenario.ts";
import type { Scenario } from "./scenario.ts";
import { start } from "./start/scenario.ts";
import { comparisons } from "./throughput/scenario.ts";

const scenarios: readonly Scenario[] = [...comparisons, latency, growth, start, operators, coldImport];

const help = `usage: npm run bench -- NAME [options]

${scenarios.map(({ name, summary }) => `  ${name.padEnd(14)}${summary}`).join("\n")}

options
  --json                 print one JSON object on standard output; progress goes to standard error
  --quick                small and once: shows that it runs, not how fast it is
  --records N            records in the input, such as 500k or 2M (default: the scenario's own)
  --keys N               distinct keys (likewise)
  --rounds N             how often each side runs, in turns (default 3)
  --store memory|rocksdb store of the Kafka Streams side (default memory, as ours)
  --per-commit           one update per key and commit (record caches on both sides) instead of every update
  --tuned                adds Kafka Streams with larger batches and fetches as a third side
  --require RATIO        fail when the ratio is below
  --bootstrap HOST:PORT  use this broker instead of an own one
  --no-pin               do not pin broker and client to one core each (Linux only)

examples
  npm run bench -- throughput
  npm run bench -- throughput --tuned --rounds 5 --json
  npm run bench -- throughput --quick
  npm run bench -- hopping --per-commit --rounds 1
  npm run bench -- latency --rounds 1
  npm run bench -- operators
`;

async function main(): Promise<number> {
  const names = scenarios.map(({ name }) => name);
  const command = parseBenchArguments(process.argv.slice(2), names);
  if (command.kind === "help") {
    process.stdout.write(help);
    return 0;
  }
  if (command.kind === "wrong") {
    process.stderr.write(`bench: ${command.message}\n\n${help}`);
    return 2;
  }
  const scenario = scenarios.find(({ name }) => name === command.name) as Scenario;
  return await runScenario(scenario, command.options);
}

async function runScenario(scenario: Scenario, options: BenchOptions): Promise<number> {
  const result = await scenario.run(options, (line) => process.stderr.write(`bench: ${line}\n`));
  process.stdout.write(options.json ? `${JSON.stringify(result.json)}\n` : `${result.text}\n`);
  return result.passed ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
