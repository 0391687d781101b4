import { LineSwitch, severable } from "../../lib/adapters/in-process/severable.ts";
import { MemoryLeaseRows } from "../../lib/adapters/memory/lease-table.ts";
import { createMemoryBroker, type MemoryBroker } from "../../lib/adapters/memory/log/broker.ts";
import { createMemoryObjectStore } from "../../lib/adapters/memory/object-store.ts";
import { silentLogger } from "../../lib/adapters/system/logger.ts";
import type { ApplicationPlan } from "../../lib/application/plan.ts";
import { prepareApplication } from "../../lib/application/prepare.ts";
import type { LeaseRow, LeaseTable } from "../../lib/ports/lease-table.ts";
import type { Log } from "../../lib/ports/log.ts";
import type { LogFields, Logger } from "../../lib/ports/logger.ts";
import type { ObjectStore } from "../../lib/ports/object-store.ts";
import { Coordinator } from "../../lib/scaling/coordinator.ts";
import type { ScalingConfig } from "../../lib/scaling/types.ts";
import { defaultSnapshotConfig } from "../../lib/snapshot/decide.ts";
import { EncodingTurns } from "../../lib/task/encoding-turns.ts";
import { Worker, type WorkerLimits, type WorkerSummary } from "../../lib/worker/worker.ts";
import { overriding } from "../support/overriding.ts";
import { simApp } from "./app.ts";
import { keyedRandom, simRandom } from "./keyed-random.ts";
import { Network } from "./network.ts";
import { SimClock } from "./sim-clock.ts";
import { Trace } from "./trace.ts";

export const PARTITIONS = 4;
const DEAD_AFTER_MS = 3_000;

const limits: WorkerLimits = {
  beatMs: DEAD_AFTER_MS / 4,
  claimRetryMs: 200,
  failureRetryMs: 500,
  drainMs: 0,
  mirrorMs: 2_000,
  purgeMs: 5_000,
  maxCommitsPerSecond: 1_000,
  fetch: { maxWaitMs: 200, maxBytes: 1 << 20, maxPartitionBytes: 1 << 18, maxBufferedBytes: 1 << 18, retryMs: 50 },
};

const scaling: ScalingConfig = {
  mode: "on",
  minWorkers: 0,
  maxWorkers: 3,
  delayObjectiveMs: 1_000,
  utilisation: 0.8,
  scaleInWindowMs: 4_000,
  idleToZeroMs: 2_000,
  deadAfterMs: DEAD_AFTER_MS,
  startGraceMs: 6_000,
  workerRecordsPerSecond: { value: 8, fixed: true },
};

/** A worker of the simulation: the real one, behind a line that can be cut. */
export interface SimWorker {
  readonly id: string;
  readonly line: LineSwitch;
  readonly network: Network;
  readonly worker: Worker;
  readonly stop: AbortController;
  summary: WorkerSummary | undefined;
}

/** The world of one seed: real code on memory ports and virtual time. */
export class World {
  readonly seed: number;
  readonly clock: SimClock;
  readonly trace: Trace;
  readonly broker: MemoryBroker;
  readonly log: Log;
  readonly leases: LeaseTable;
  readonly objects: ObjectStore;
  readonly workers: SimWorker[] = [];
  /** Leases as they were whenever a pin was put to sleep. */
  readonly asleep: LeaseRow[] = [];
  /** Errors that stopped a pin: none is expected. */
  readonly errors: string[] = [];
  app!: ApplicationPlan;
  faultsUntilMs = Number.POSITIVE_INFINITY;
  private readonly coordinators: Coordinator[] = [];
  private begun = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.clock = new SimClock(seed);
    this.trace = new Trace(() => this.clock.monotonicMs());
    const markers = keyedRandom(seed, "markers");
    let marker = 0;
    this.broker = createMemoryBroker({
      clock: this.clock,
      random: simRandom(seed, "broker"),
      settings: {
        transactionVersion: seed % 2 === 0 ? 2 : 1,
        markerDelayMs: () => (markers(marker++) < 0.3 ? markers(marker++) * 30 : 0),
      },
    });
    this.log = this.broker.connect({ clientId: "world" });
    const leases = new MemoryLeaseRows().table({ app: "sim", generation: 1 });
    this.leases = overriding(leases, {
      release: async (pin, held) => {
        const answer = await leases.release(pin, held);
        if (answer.kind === "ok" && held.asleep) this.asleep.push(answer.row);
        return answer;
      },
    });
    this.objects = createMemoryObjectStore();
  }

  /** Creates topics, deploys, and keeps a coordinator ticking. */
  async start(): Promise<void> {
    const topic = (name: string) => ({ name, partitions: PARTITIONS, replicas: 1, configs: {} });
    await this.log.createTopics([topic("numbers"), topic("counts-out"), topic("sums-out")]);
    this.app = await prepareApplication(simApp, { log: this.log, leases: this.leases }, "deploy");
    // Every third world has two coordinators: both are right, and neither knows of the other.
    for (let count = this.seed % 3 === 0 ? 2 : 1; count > 0; count--) {
      this.coordinators.push(this.newCoordinator());
      void this.coordinate(this.coordinators.length - 1);
    }
  }

  /** The coordinators die; those that come after know nothing of what was watched. */
  restartCoordinator(): void {
    for (const index of this.coordinators.keys()) this.coordinators[index] = this.newCoordinator();
  }

  private newCoordinator(): Coordinator {
    const name = `coordinator ${this.begun++}`;
    const launcher = {
      start: async ({ worker }: { worker: string }) => this.launch(worker),
      list: async () => [],
      stop: async () => undefined,
    };
    const { log, leases, clock } = this;
    const ports = { log, leases, launcher, clock, random: simRandom(this.seed, name), logger: this.logger(name) };
    return new Coordinator(this.app, ports, scaling);
  }

  private async coordinate(index: number): Promise<void> {
    for (;;) {
      await this.coordinators[index]?.tick();
      await this.clock.sleep(500);
    }
  }

  /** Starts a worker; also a second container with an id that runs already. */
  launch(id: string): void {
    const name = `${id} ${this.begun++}`;
    const stop = new AbortController();
    this.trace.add(id, "started");
    const line = new LineSwitch();
    const network = new Network({ seed: this.seed, name, clock: this.clock, line, trace: this.trace });
    if (this.clock.monotonicMs() < this.faultsUntilMs) {
      network.faults.loseAnswerRatio = 0.004;
      network.faults.loseRequestRatio = 0.004;
    }
    const ports = {
      log: severable(this.broker.connect({ clientId: id, transport: network.transport, deadlineMs: 10_000 }), line),
      leases: severable(this.leases, line, network.hook("LEASE_TABLE_UNAVAILABLE")),
      objects: severable(this.objects, line, network.hook("OBJECT_STORE_UNAVAILABLE")),
      clock: severable(this.clock, line),
      random: simRandom(this.seed, name),
      logger: this.logger(id),
    };
    const worker = new Worker(
      {
        worker: id,
        app: this.app,
        ports,
        config: {
          commitIntervalMs: 100,
          commitMaxBytes: 1 << 20,
          positionOnlyCommitMs: 1_000,
          maxReacquires: 8,
          snapshotMaxAgeMs: 1_500,
          snapshotMaxTailRecords: 40,
          snapshotMaxDirtyBytes: 1 << 20,
          snapshotRetryMs: 500,
          handoverMaxTailRecords: 5,
        },
        snapshot: { ...defaultSnapshotConfig, maxDeltas: 3, smallStoreBytes: 64 },
        encodingTurns: new EncodingTurns(),
        limits: {
          maxPendingBytes: 1 << 16,
          maxBatchRecords: 7,
          maxTaskIdleMs: 0,
          transactionTimeoutMs: 5_000,
          transactionDeadlineMs: 4_000,
          deleteRetentionMs: 7 * 86_400_000,
        },
      },
      { limits, life: { remainingMs: () => undefined, stop: stop.signal } },
    );
    const entry: SimWorker = { id, line, network, worker, stop, summary: undefined };
    this.workers.push(entry);
    void worker.run().then(
      (summary) => {
        entry.summary = summary;
        this.trace.add(id, `ended: ${summary.ended}`);
        for (const { pin, error } of summary.errors) this.errors.push(`pin ${pin}: ${error.message}`);
      },
      (error: unknown) => this.errors.push(`worker ${id} failed: ${String(error)}`),
    );
  }

  /** Workers that run as far as anyone outside can know. */
  running(): SimWorker[] {
    return this.workers.filter(({ summary, line }) => summary === undefined && line.mode !== "cut");
  }

  private logger(actor: string): Logger {
    const note = (event: string, fields: LogFields = {}): void => {
      this.trace.add(actor, `${event} ${JSON.stringify(fields)}`, event);
      if (event !== "snapshot-published") return;
      for (const kind of ["full", "delta"]) this.trace.count(`${kind} segment`, Number(fields[kind]));
    };
    return { ...silentLogger, info: note, warn: note, error: note, with: () => this.logger(actor) };
  }
}
