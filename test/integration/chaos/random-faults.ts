import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../../examples/stock-trade-stats/inputs/seeded-random.ts";
import type { AwsServer } from "../../support/servers/aws-server.ts";
import type { ChaosRun } from "./chaos-run.ts";
import type { Deployment, WorkerLife } from "./deployment.ts";
import { freezeWorker, killWorker, restartBroker, terminateWorker, thawWorker } from "./faults.ts";

/** The broker is left alone for so long after it was killed. */
const BROKER_PAUSE_MS = 20_000;
/** How long a frozen worker sleeps, and how long a network fault lasts: from a hiccup to longer than any timeout. */
const LENGTHS_MS = [200, 1_500, 4_000, 9_000] as const;

/** Every kind of fault, as often as it stands here. */
const kinds = [
  ...["kill", "kill", "kill", "freeze", "freeze", "freeze", "terminate", "terminate"],
  ...["broker", "cut", "lose-answer", "lose-answer", "blackhole", "slow"],
  ...["s3", "dynamodb"],
] as const;

/** How often each kind of fault hit. */
export type FaultCounts = ReadonlyMap<string, number>;

/**
 * Puts random faults on everything until told to stop. Which ones, on whom and when follows from the seed; what they meet
 * does not.
 */
export async function randomFaults(
  run: ChaosRun,
  options: { seed: number; stop: AbortSignal; s3: AwsServer; dynamodb: AwsServer },
): Promise<FaultCounts> {
  const random = seededRandom(options.seed);
  const counts = new Map<string, number>();
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const tails: Promise<void>[] = [];
  let brokerFreeAtMs = performance.now();
  let restarting: Promise<void> | undefined;
  while (!options.stop.aborted) {
    await sleep(500 + random() * 3_000, undefined, { signal: options.stop }).catch(() => undefined);
    if (options.stop.aborted) break;
    const drawn = pick(kinds) ?? "kill";
    // Drawn in any case, so that a fault that meets nobody does not change the ones after it.
    const deployment = pick(run.deployments) as Deployment;
    const lengthMs = pick(LENGTHS_MS) as number;
    const place = random();
    const kind = drawn === "broker" && performance.now() < brokerFreeAtMs ? "kill" : drawn;
    if (kind === "broker") {
      restarting = restartBroker(run);
      tails.push(restarting);
      await restarting;
      brokerFreeAtMs = performance.now() + BROKER_PAUSE_MS;
    } else if (kind === "s3" || kind === "dynamodb") {
      run.note(kind, "frozen", { lengthMs });
      options[kind].freeze();
      tails.push(sleep(lengthMs).then(() => options[kind].resume()));
    } else if (!(await hit(run, kind, { deployment, lengthMs, place, tails }))) continue;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  await Promise.all(tails);
  run.network.heal();
  return counts;
}

/** @returns false when there was nobody to hit */
async function hit(
  run: ChaosRun,
  kind: string,
  how: { deployment: Deployment; lengthMs: number; place: number; tails: Promise<void>[] },
): Promise<boolean> {
  const { deployment, lengthMs, place, tails } = how;
  const { network } = run;
  if (kind === "cut" || kind === "lose-answer" || kind === "blackhole" || kind === "slow") {
    run.note("network", kind, kind === "cut" || kind === "lose-answer" ? {} : { lengthMs });
    if (kind === "cut") network.cut();
    else if (kind === "lose-answer") network.cutAfter(Math.floor(place * 400), "to-client");
    else {
      if (kind === "blackhole") network.blackhole(place < 0.5 ? "to-client" : undefined);
      else network.delay(20 + place * 300);
      tails.push(sleep(lengthMs).then(() => network.heal()));
    }
    return true;
  }
  const healthy = deployment.healthy();
  const victim = healthy[Math.floor(place * healthy.length)];
  if (victim === undefined) return false;
  if (kind === "kill") await killWorker(run, deployment, victim);
  else if (kind === "terminate") await terminateWorker(run, deployment, victim);
  else tails.push(freezeFor(run, deployment, { victim, lengthMs }));
  return true;
}

/** A worker that wakes up in time works on, and may be hit again. */
async function freezeFor(
  run: ChaosRun,
  deployment: Deployment,
  how: { victim: WorkerLife; lengthMs: number },
): Promise<void> {
  const hit = freezeWorker(run, deployment, how.victim);
  await sleep(how.lengthMs);
  thawWorker(run, hit);
  how.victim.fault = undefined;
}
