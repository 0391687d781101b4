import { violations } from "./checks.ts";
import { faultsOf, heal, inject } from "./faults.ts";
import { manifestViolations, sleepViolations } from "./manifest-checks.ts";
import { type InputRecord, produceNumbers } from "./workload.ts";
import { World } from "./world.ts";

const FAULTS_UNTIL_MS = 25_000;
const GIVE_UP_MS = 180_000;

/** What a seed showed. */
export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly fingerprint: string;
  readonly virtualMs: number;
  /** How often each kind of thing happened: a kind that never happens is not tested. */
  readonly counts: ReadonlyMap<string, number>;
  readonly story: string;
}

/** Runs one seed to its end: load and faults, then none, until everything is drained. */
export async function runSeed(seed: number): Promise<SeedResult> {
  const world = new World(seed);
  world.faultsUntilMs = FAULTS_UNTIL_MS;
  let started = false;
  let input: readonly InputRecord[] | undefined;
  void world.start().then(() => {
    started = true;
  });
  await world.clock.run(10_000, () => started);
  void produceNumbers(world).then((written) => {
    input = written;
  });
  for (const fault of faultsOf(seed, FAULTS_UNTIL_MS)) world.clock.at(fault.atMs, () => inject(world, fault));
  await world.clock.run(FAULTS_UNTIL_MS, () => false);
  heal(world);
  let quietSinceMs = world.clock.monotonicMs();
  await world.clock.run(GIVE_UP_MS, () => {
    const nowMs = world.clock.monotonicMs();
    if (input === undefined || world.running().length > 0) quietSinceMs = nowMs;
    return nowMs - quietSinceMs > 12_000; // longer than a dead transaction can stay open
  });
  const found = await inWorld(world, async () => [
    ...(await violations(world, input ?? [])),
    ...(await manifestViolations(world)),
    ...(await sleepViolations(world)),
  ]);
  if (input === undefined) found.push("the producer never finished");
  return {
    seed,
    violations: found,
    fingerprint: world.trace.fingerprint(),
    virtualMs: world.clock.monotonicMs(),
    counts: world.trace.counts,
    story: world.trace.last(60),
  };
}

/** Checks read through the log too, so the clock has to run on. */
async function inWorld<T>(world: World, work: () => Promise<T>): Promise<T> {
  let result: { value: T } | { error: unknown } | undefined;
  void work().then(
    (value) => {
      result = { value };
    },
    (error: unknown) => {
      result = { error };
    },
  );
  await world.clock.run(world.clock.monotonicMs() + 600_000, () => result !== undefined);
  if (result === undefined) throw new Error("the checks did not finish");
  if ("error" in result) throw result.error;
  return result.value;
}
