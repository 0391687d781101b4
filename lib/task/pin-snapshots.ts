import { assertNothingBeyond, replayChangelogs, type ReplayRange } from "./replay.ts";
import type { PinEnvironment, PinInside } from "./pin-acquire.ts";
import type { PinEffect, PinEvent } from "./pin-state.ts";
import { Task } from "./task.ts";
import type { Position } from "../application/position.ts";

export async function restoreTasks(environment: PinEnvironment, inside: PinInside, effect: Extract<PinEffect, { kind: "restore" }>): Promise<{ tasks: Task[]; tailRecords: number }> {
  const { position } = effect;
  const tasks = inside.plan.tasks.map((plan) => new Task(plan, position, inside.collector));
  const ranges: ReplayRange[] = [];
  for (const task of tasks) {
    for (const changelog of task.plan.changelogs) {
      const store = task.stores.find(({ spec }) => spec.name === changelog.store.name);
      if (store !== undefined) ranges.push({ changelog, from: 0, to: position?.changelogs[changelog.key] ?? 0, store });
    }
  }
  const tailRecords = await replayChangelogs(environment.ports.log, ranges);
  await assertNothingBeyond(environment.ports.log, ranges.map(({ changelog, to }) => ({ changelog, end: to })));
  if (position !== undefined) for (const task of tasks) task.resetStoreTimes(position);
  return { tasks, tailRecords };
}

export async function publishPin(effect: Extract<PinEffect, { kind: "publish" }>, inside: { environment: PinEnvironment; tasks: readonly Task[]; committed: Position }): Promise<PinEvent> {
  return { kind: "published", row: effect.row, transaction: inside.committed.transaction, nowMs: inside.environment.ports.clock.monotonicMs() };
}
