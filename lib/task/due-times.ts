import type { Task } from "./task.ts";

/** When the next punctuator of some tasks is due by wall-clock time; undefined when none is scheduled. */
export function nextTimerMs(tasks: readonly Pick<Task, "nextWallClockMs">[]): number | undefined {
  return earliest(tasks.flatMap(({ nextWallClockMs }) => nextWallClockMs ?? []));
}

/** When some tasks can go on without a new record: a punctuator is due, or an input was waited for long enough. */
export function nextDueMs(tasks: readonly Pick<Task, "nextWallClockMs" | "waitsUntilMs">[]): number | undefined {
  return earliest(
    tasks.flatMap(({ nextWallClockMs, waitsUntilMs }) => [nextWallClockMs ?? [], waitsUntilMs ?? []].flat()),
  );
}

function earliest(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.min(...times);
}
