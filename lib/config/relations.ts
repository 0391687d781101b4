import type { Settings } from "./settings.ts";

/**
 * What does not fit together, one sentence each with the reason. Pure; every value is already in its own range.
 */
export function relationProblems(settings: Settings): readonly string[] {
  const { commit, transaction, snapshot, fetch, topics, worker, scaling } = settings;
  const rules: readonly { readonly holds: boolean; readonly otherwise: string }[] = [
    {
      holds: commit.intervalMs * 3 < transaction.timeoutMs,
      otherwise: `commit.intervalMs is ${commit.intervalMs}: must be below a third of transaction.timeoutMs (${transaction.timeoutMs}), because the broker aborts a transaction that is still open then`,
    },
    {
      holds: fetch.maxPartitionBytes <= fetch.maxBytes,
      otherwise: `fetch.maxPartitionBytes is ${fetch.maxPartitionBytes}: must not be above fetch.maxBytes (${fetch.maxBytes}), because one partition is part of an answer`,
    },
    {
      holds: snapshot.maxAgeMs * 4 <= topics.deleteRetentionMs,
      otherwise: `snapshot.maxAgeMs is ${snapshot.maxAgeMs}: must be at most a quarter of topics.deleteRetentionMs (${topics.deleteRetentionMs}), because a snapshot older than half of it cannot be used`,
    },
    {
      holds: snapshot.handoverMaxTailRecords <= snapshot.maxTailRecords,
      otherwise: `snapshot.handoverMaxTailRecords is ${snapshot.handoverMaxTailRecords}: must not be above snapshot.maxTailRecords (${snapshot.maxTailRecords}), because a longer tail is published anyway`,
    },
    {
      holds: worker.drainMs >= commit.intervalMs * 4,
      otherwise: `worker.drainMs is ${worker.drainMs}: must be at least four times commit.intervalMs (${commit.intervalMs}), because draining commits, publishes and releases`,
    },
    {
      holds: scaling.minWorkers <= scaling.maxWorkers,
      otherwise: `scaling.minWorkers is ${scaling.minWorkers}: must not be above scaling.maxWorkers (${scaling.maxWorkers})`,
    },
    {
      holds: scaling.idleToZeroMs === 0 || scaling.idleToZeroMs >= commit.positionOnlyMs,
      otherwise: `scaling.idleToZeroMs is ${scaling.idleToZeroMs}: must be at least commit.positionOnlyMs (${commit.positionOnlyMs}), or 0, because a worker first commits the position behind trailing markers`,
    },
  ];
  return rules.filter(({ holds }) => !holds).map(({ otherwise }) => otherwise);
}
