import { beatMs, type Settings } from "../config/settings.ts";
import { defaultSnapshotConfig } from "../snapshot/decide.ts";
import type { PinEnvironment } from "../task/pin-acquire.ts";
import type { WorkerLimits } from "./worker.ts";

/** What settings say of a worker, as `Worker` and its pins take it. */
export function fromSettings(
  settings: Settings,
): Pick<PinEnvironment, "config" | "limits" | "snapshot"> & { readonly worker: WorkerLimits } {
  const { commit, transaction, snapshot, fetch, task, topics, lease, worker } = settings;
  return {
    config: {
      commitIntervalMs: commit.intervalMs,
      commitMaxBytes: commit.maxBytes,
      positionOnlyCommitMs: commit.positionOnlyMs,
      maxReacquires: commit.maxReacquires,
      snapshotMaxAgeMs: snapshot.maxAgeMs,
      snapshotMaxTailRecords: snapshot.maxTailRecords,
      snapshotMaxDirtyBytes: snapshot.maxDirtyBytes,
      snapshotRetryMs: snapshot.retryMs,
      handoverMaxTailRecords: snapshot.handoverMaxTailRecords,
    },
    snapshot: defaultSnapshotConfig,
    limits: {
      maxPendingBytes: task.maxPendingBytes,
      maxBatchRecords: task.maxBatchRecords,
      maxTaskIdleMs: task.maxIdleMs,
      transactionTimeoutMs: transaction.timeoutMs,
      transactionDeadlineMs: transaction.deadlineMs,
      deleteRetentionMs: topics.deleteRetentionMs,
    },
    worker: {
      beatMs: beatMs(settings),
      claimRetryMs: lease.claimRetryMs,
      failureRetryMs: worker.failureRetryMs,
      drainMs: worker.drainMs,
      mirrorMs: worker.mirrorMs,
      purgeMs: worker.purgeMs,
      maxCommitsPerSecond: commit.maxPerSecond,
      fetch: { ...fetch },
    },
  };
}
