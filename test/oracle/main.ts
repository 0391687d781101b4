/** `npm run differential`: Kafka Streams and Millrace side by side. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { helpText, parseArguments } from "../../lib/cli/arguments.ts";
import { isStreamError } from "../../lib/core/errors.ts";
import { caseTopologies } from "../conformance/topologies/index.ts";
import { ServersUnavailable } from "../support/servers/jars.ts";
import { differentialCommand } from "./command.ts";
import { generateComposition } from "./compositions/generate.ts";
import { shrink } from "./compositions/shrink.ts";
import { Oracle } from "./oracle.ts";
import { recordNames } from "./record-names.ts";
import { type Compared, compareAll, compareComposition } from "./run.ts";

interface Flags {
  readonly keep: boolean;
  readonly record: boolean;
  readonly json: boolean;
}

const recorded = fileURLToPath(new URL("../conformance/recorded/", import.meta.url));
const PROGRESS_EVERY = 100;

try {
  const parsed = parseArguments(differentialCommand, process.argv.slice(2));
  if (parsed.kind === "help") process.stdout.write(helpText(differentialCommand));
  else {
    const { seeds, compositions, cases, seed = Math.floor(Math.random() * 1_000_000_000), ...flags } = parsed.values;
    const names = cases?.split(",") ?? [...caseTopologies.keys()];
    process.exitCode = await main({ firstSeed: seed, seeds, compositions, cases: names }, flags);
  }
} catch (error) {
  const expected = error instanceof ServersUnavailable || isStreamError(error);
  process.stderr.write(`differential: ${expected ? error.message : ((error as Error).stack ?? String(error))}\n`);
  process.exitCode = error instanceof ServersUnavailable && !process.env["CI"] ? 0 : 1;
  if (error instanceof ServersUnavailable) process.stdout.write("0 passed, 0 failed: nothing was compared\n");
}

async function main(wanted: Parameters<typeof compareAll>[1], flags: Flags): Promise<number> {
  const say = (line: string) => (flags.json ? process.stderr : process.stdout).write(`${line}\n`);
  say(
    `seed ${wanted.firstSeed}: ${wanted.cases.length} cases × ${wanted.seeds} seeds, ${wanted.compositions} compositions`,
  );
  const oracle = await Oracle.start();
  const differences: Compared[] = [];
  let passed = 0;
  const beganMs = performance.now();
  const seconds = () => Math.round((performance.now() - beganMs) / 100) / 10;
  try {
    for await (const compared of compareAll(oracle, wanted)) {
      if (compared.difference === undefined) passed++;
      else differences.push(await tell(oracle, compared, say));
      const kept = compared.difference === undefined ? flags.record : flags.keep || flags.record;
      if (kept) keep(compared.difference === undefined ? compared : (differences.at(-1) as Compared), say);
      const done = passed + differences.length;
      if (done % PROGRESS_EVERY === 0) say(`${done} compared in ${seconds()} s, ${differences.length} differ`);
    }
    if (flags.record && wanted.seeds > 0) await recordNames(oracle, wanted.cases);
  } finally {
    await oracle.close();
  }
  const failed = differences.length;
  const result = { ...wanted, seconds: seconds(), passed, failed, differences };
  if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else process.stdout.write(`${seconds()} s\n${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** Shows a difference, of a composition that was made smaller. @returns what was shown */
async function tell(oracle: Oracle, compared: Compared, say: (line: string) => void): Promise<Compared> {
  const shown = compared.kind === "case" ? compared : await shrunken(oracle, compared);
  const { difference } = shown;
  const again =
    compared.kind === "case" ? `--cases ${compared.case} --seeds 1 --compositions 0` : "--seeds 0 --compositions 1";
  const show = (value: unknown) =>
    typeof value === "string" ? value : inspect(value, { depth: 6, breakLength: 140, maxArrayLength: 40 });
  say(`\nDIFFERS ${compared.case}, seed ${compared.seed}: ${difference?.where}`);
  say(`  Kafka Streams: ${show(difference?.expected)}\n  Millrace:      ${show(difference?.actual)}`);
  say(`  again, and kept as a test: npm run differential -- --seed ${compared.seed} ${again} --keep\n`);
  return shown;
}

async function shrunken(oracle: Oracle, { seed }: Compared): Promise<Compared> {
  const compare = (composition: ReturnType<typeof generateComposition>) =>
    compareComposition(composition, oracle.ask({ ask: "composition", composition }));
  const isRefused = (compared: Compared) => compared.file === undefined;
  const whole = await compare(generateComposition(seed));
  const smallest = await shrink(generateComposition(seed), async (smaller) => {
    const compared = await compare(smaller);
    return compared.difference !== undefined && isRefused(compared) === isRefused(whole);
  });
  return compare(smallest);
}

function keep({ kind, case: name, seed, file }: Compared, say: (line: string) => void): void {
  if (file === undefined) return;
  const path = `${recorded}${kind === "case" ? `vectors/${name}/${seed}` : `compositions/${seed}`}.json`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, file);
  say(`kept ${path}`);
}
