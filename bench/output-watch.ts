import { setTimeout as delay } from "node:timers/promises";
import type { TopicPartition } from "../lib/core/ids.ts";
import type { Log } from "../lib/ports/log.ts";

const pollMs = 10;

/** What an outside observer saw of one run. Times are of one monotonic clock. */
export interface WatchedRun {
  /** When the first output record was in the log, committed or not: the client processes its first records. */
  readonly firstProducedAtMs: number;
  /** When the last output record became visible to committed readers. */
  readonly lastCommittedAtMs: number;
  /** Processor time of the client between the two moments, or undefined when the system does not say. */
  readonly cpuMs: number | undefined;
}

/** What to watch. */
export interface Watch {
  readonly log: Log;
  readonly output: readonly TopicPartition[];
  /** Processor time of the client so far. */
  readonly cpuMs: () => number | undefined;
  /** Settles when the client says that it is done, or has failed. */
  readonly done: Promise<unknown>;
}

/**
 * Times a client from outside, by the end offsets of its output: the same rule for every client, no probe inside it.
 *
 * The run ends when the client says "done" and nothing uncommitted is left; its time is that of the last change.
 */
export async function watchOutput(watch: Watch): Promise<WatchedRun> {
  let done = false;
  const finished = watch.done.then(() => {
    done = true;
  });
  let failure: unknown;
  finished.catch((error: unknown) => {
    failure = error;
  });
  let last: { readonly atMs: number; readonly committed: number } | undefined;
  let first: { readonly atMs: number; readonly cpuMs: number | undefined } | undefined;
  let lastCpuMs: number | undefined;
  for (;;) {
    if (failure !== undefined) throw failure;
    const wasDone = done;
    const produced = sum(await watch.log.offsets(watch.output, "hw"));
    const committed = sum(await watch.log.offsets(watch.output, "lso"));
    const atMs = performance.now();
    if (first === undefined && produced > 0) first = { atMs, cpuMs: watch.cpuMs() };
    if (committed > (last?.committed ?? 0)) {
      last = { atMs, committed };
      lastCpuMs = watch.cpuMs();
    }
    if (wasDone && first !== undefined && last !== undefined && committed === produced) {
      const cpuMs = lastCpuMs === undefined || first.cpuMs === undefined ? undefined : lastCpuMs - first.cpuMs;
      return { firstProducedAtMs: first.atMs, lastCommittedAtMs: last.atMs, cpuMs };
    }
    await delay(pollMs);
  }
}

function sum(offsets: ReadonlyMap<unknown, number>): number {
  let total = 0;
  for (const offset of offsets.values()) total += offset;
  return total;
}
