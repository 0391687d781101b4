import { setTimeout as sleep } from "node:timers/promises";
import { chaosSettings } from "./apps.ts";
import type { ChaosRun } from "./chaos-run.ts";
import type { Deployment, WorkerLife } from "./deployment.ts";

/** A frozen worker is dead to the coordinator after this, and its transaction is aborted; the broker looks twice a second. */
export const FREEZE_MS = Math.max(chaosSettings.lease.deadAfterMs, chaosSettings.transaction.timeoutMs) + 1_000;

const END_LIMIT_MS = 60_000;

/** SIGKILL: no code of the worker runs any more. Resolves when its pins run elsewhere. */
export async function killWorker(run: ChaosRun, deployment: Deployment): Promise<WorkerLife> {
  const { victim, pins } = await choose(run, deployment);
  victim.fault = "killed";
  run.note(deployment.app.id, "kill", { worker: victim.worker, pins });
  await deployment.launcher.kill(victim.worker);
  await run.untilTakenOver(deployment, { worker: victim.worker, pins });
  return victim;
}

/**
 * SIGSTOP for longer than it takes to be declared dead and to lose an open transaction, then SIGCONT: a zombie that believes
 * to be the owner. Resolves when it has found out and ended.
 */
export async function freezeWorker(run: ChaosRun, deployment: Deployment): Promise<WorkerLife> {
  const { victim, pins } = await choose(run, deployment);
  victim.fault = "frozen";
  run.note(deployment.app.id, "freeze", { worker: victim.worker, pins });
  deployment.launcher.signal(victim.worker, "SIGSTOP");
  await sleep(FREEZE_MS);
  await run.untilTakenOver(deployment, { worker: victim.worker, pins });
  run.note(deployment.app.id, "thaw", { worker: victim.worker });
  deployment.launcher.signal(victim.worker, "SIGCONT");
  await run.until(`${victim.worker} ends after it woke up`, END_LIMIT_MS, () => victim.ended !== undefined);
  return victim;
}

/** SIGTERM: the worker commits, publishes, releases and ends. Resolves when its pins run elsewhere. */
export async function rotateWorker(run: ChaosRun, deployment: Deployment): Promise<WorkerLife> {
  const { victim, pins } = await choose(run, deployment);
  victim.fault = "terminated";
  run.note(deployment.app.id, "terminate", { worker: victim.worker, pins });
  await deployment.launcher.stop(victim.worker);
  await run.until(`${victim.worker} drains and ends`, END_LIMIT_MS, () => victim.ended !== undefined);
  await run.untilTakenOver(deployment, { worker: victim.worker, pins });
  return victim;
}

/** SIGKILL of the broker, which comes back on its data. Resolves when the input goes on. */
export async function restartBroker(run: ChaosRun): Promise<void> {
  run.note("broker", "kill", {});
  await run.broker.kill();
  await run.broker.restart();
  run.note("broker", "restarted", {});
  const before = run.feed.committedCount;
  await run.until("the input goes on after the broker is back", END_LIMIT_MS, () => run.feed.committedCount > before);
}

async function choose(run: ChaosRun, deployment: Deployment): Promise<{ victim: WorkerLife; pins: readonly number[] }> {
  const victim = await run.victim(deployment);
  return { victim, pins: deployment.pinsOf(victim.worker) };
}
