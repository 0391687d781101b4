import type { LeaseTable, WorkerReport } from "../../../lib/ports/lease-table.ts";
import type { PinEnvironment } from "../../../lib/task/pin-acquire.ts";
import { Worker, type WorkerLife, type WorkerLimits, type WorkerSummary } from "../../../lib/worker/worker.ts";
import { overriding } from "../../support/overriding.ts";

/** Limits of the workers under test. */
export const limits: WorkerLimits = {
  beatMs: 1_000,
  claimRetryMs: 200,
  failureRetryMs: 500,
  drainMs: 3_000,
  mirrorMs: 2_000,
  purgeMs: 5_000,
  maxCommitsPerSecond: 1_000,
  fetch: { maxWaitMs: 100, maxBytes: 1 << 20, maxPartitionBytes: 1 << 18, maxBufferedBytes: 1 << 18, retryMs: 50 },
};

/** A worker that runs, and what it reported. */
export class Running {
  readonly worker: Worker;
  readonly reports: WorkerReport[] = [];
  readonly stop = new AbortController();
  summary: WorkerSummary | undefined;
  remainingMs: number | undefined;
  readonly ended: Promise<WorkerSummary>;

  constructor(environment: PinEnvironment, changes: Partial<WorkerLimits> = {}) {
    const { reports } = this;
    const leases = overriding<LeaseTable>(environment.ports.leases, {
      beat: (worker, report) => {
        reports.push(report);
        return environment.ports.leases.beat(worker, report);
      },
    });
    const life: WorkerLife = { remainingMs: () => this.remainingMs, stop: this.stop.signal };
    this.worker = new Worker(
      { ...environment, ports: { ...environment.ports, leases } },
      { limits: { ...limits, ...changes }, life },
    );
    this.ended = this.worker.run();
    void this.ended.then((summary) => {
      this.summary = summary;
    });
  }

  get held(): readonly number[] {
    return this.worker.status().flatMap(({ pin, status }) => (status === "running" ? [pin] : []));
  }
}
