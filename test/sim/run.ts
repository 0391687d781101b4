import { parseArgs } from "node:util";
import { runSeed } from "./scenario.ts";

const help = `npm run sim -- [--seeds N] [--from SEED] [--story]

Runs the real protocol code on memory ports and virtual time: one run per seed, with kills, freezes, lost and late
requests, stolen leases and zombies that initialise late. The same seed always gives the same run.

  --seeds N     how many seeds (default 300)
  --from SEED   first seed (default 1)
  --story       print what happened in each run

Examples
  npm run sim -- --seeds 1000
  npm run sim -- --from 4711 --seeds 1 --story`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "300" },
    from: { type: "string", default: "1" },
    story: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) console.log(help);
else await main(Number(values.from), Number(values.seeds));

async function main(from: number, count: number): Promise<void> {
  let failed = 0;
  const totals = new Map<string, number>();
  for (let seed = from; seed < from + count; seed++) {
    const result = await runSeed(seed);
    for (const [kind, times] of result.counts) totals.set(kind, (totals.get(kind) ?? 0) + times);
    if (values.story) console.log(result.story);
    if (result.violations.length === 0) continue;
    failed++;
    console.error(`seed ${seed} failed after ${(result.virtualMs / 1_000).toFixed(1)} virtual seconds:`);
    for (const violation of result.violations.slice(0, 10)) console.error(`  ${violation}`);
    console.error(`  run it again: npm run sim -- --from ${seed} --seeds 1 --story`);
  }
  if (values.story)
    for (const [kind, times] of [...totals].sort()) console.log(`${String(times).padStart(8)} ${kind.slice(0, 100)}`);
  console.log(`${count - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
