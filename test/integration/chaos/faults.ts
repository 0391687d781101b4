import { setTimeout as sleep } from "node:timers/promises";
import { chaosSettings } from "./apps.ts";
import type { ChaosRun } from "./chaos-run.ts";
import type { Deployment, WorkerLife } from "./deployment.ts";

/** A frozen worker is dead to the coordinator after this, and its transaction is aborted; the broker looks twice a second. */
export const FREEZE_MS = Math.max(chaosSettings.lease.deadAfterMs, chaosSettings.transaction.timeoutMs) + 1_000;

const TAKE_OVER_LIMIT_MS = 60_000;
const END_LIMIT_MS = 60_000;

/** A worker that was hit, and the pins that it held then. */
export interface Hit {
  readonly deployment: Deployment;
  readonly victim: WorkerLife;
  readonly pins: readonly number[];
}

/** SIGKILL: no code of the worker runs any more. */
export async function killWorker(run: ChaosRun, deployment: Deployment, victim: WorkerLife): Promise<Hit> {
  const hit = mark(run, "killed", { deployment, victim, pins: deployment.pinsOf(victim.worker) });
  await deployment.launcher.kill(victim.worker);
  return hit;
}

/** SIGTERM: the worker commits, publishes, releases and ends. */
export async function terminateWorker(run: ChaosRun, deployment: Deployment, victim: WorkerLife): Promise<Hit> {
  const hit = mark(run, "terminated", { deployment, victim, pins: deployment.pinsOf(victim.worker) });
  await deployment.launcher.stop(victim.worker);
  return hit;
}

/** SIGSTOP until `thawWorker`: a zombie, when it lasts, that believes to be the owner. */
export function freezeWorker(run: ChaosRun, deployment: Deployment, victim: WorkerLife): Hit {
  const hit = mark(run, "frozen", { deployment, victim, pins: deployment.pinsOf(victim.worker) });
  deployment.launcher.signal(victim.worker, "SIGSTOP");
  return hit;
}

/** SIGCONT. */
export function thawWorker(run: ChaosRun, { deployment, victim }: Hit): void {
  if (victim.ended !== undefined) return;
  run.note(deployment.app.id, "thawed", { victim: victim.worker });
  deployment.launcher.signal(victim.worker, "SIGCONT");
}

/** SIGKILL of the broker, which comes back on its data. Resolves when the input goes on. */
export async function restartBroker(run: ChaosRun): Promise<void> {
  run.note("broker", "killed", {});
  await run.broker.kill();
  await run.broker.restart();
  run.note("broker", "back", {});
  const before = run.feed.committedCount;
  await run.until("the input goes on after the broker is back", END_LIMIT_MS, () => run.feed.goesOn(before));
}

/** Kills the worker with the most pins, and waits until they run elsewhere. */
export async function killAndReplace(run: ChaosRun, deployment: Deployment): Promise<WorkerLife> {
  const hit = await killWorker(run, deployment, await run.victim(deployment));
  await untilTakenOver(run, hit);
  return hit.victim;
}

/**
 * Freezes the worker with the most pins for longer than it takes to be declared dead and to lose an open transaction; wakes
 * it when its pins run elsewhere, and waits until it has found out and ended.
 */
export async function freezeAndReplace(run: ChaosRun, deployment: Deployment): Promise<WorkerLife> {
  const hit = freezeWorker(run, deployment, await run.victim(deployment));
  await sleep(FREEZE_MS);
  await untilTakenOver(run, hit);
  thawWorker(run, hit);
  await untilEnded(run, hit);
  return hit.victim;
}

/** Ends the worker with the most pins in order, and waits until they run elsewhere. */
export async function rotateWorker(run: ChaosRun, deployment: Deployment): Promise<WorkerLife> {
  const hit = await terminateWorker(run, deployment, await run.victim(deployment));
  await untilEnded(run, hit);
  await untilTakenOver(run, hit);
  return hit.victim;
}

function mark(run: ChaosRun, fault: NonNullable<WorkerLife["fault"]>, hit: Hit): Hit {
  hit.victim.fault = fault;
  run.note(hit.deployment.app.id, fault, { victim: hit.victim.worker, pins: hit.pins });
  return hit;
}

async function untilTakenOver(run: ChaosRun, { deployment, victim, pins }: Hit): Promise<void> {
  const runsElsewhere = (pin: number): boolean => {
    const row = deployment.report?.leases.find((lease) => lease.pin === pin);
    if (row === undefined || row.owner === victim.worker) return false;
    return row.asleep || (row.owner !== undefined && run.hasRun(row.owner, pin));
  };
  const what = `the pins ${pins.join(", ")} of ${victim.worker} run elsewhere`;
  await run.until(what, TAKE_OVER_LIMIT_MS, () => pins.every(runsElsewhere));
}

async function untilEnded(run: ChaosRun, { victim }: Hit): Promise<void> {
  await run.until(`${victim.worker}, which was ${victim.fault}, ends`, END_LIMIT_MS, () => victim.ended !== undefined);
}
