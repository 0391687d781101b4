import { createMemoryLeaseTable } from "../../lib/adapters/memory/lease-table.ts";
import { createMemoryBroker, type MemoryBroker } from "../../lib/adapters/memory/log/broker.ts";
import { faultyTransport } from "../../lib/adapters/memory/log/transport.ts";
import { createMemoryObjectStore } from "../../lib/adapters/memory/object-store.ts";
import { readNewestPosition } from "../../lib/application/newest-position.ts";
import type { ApplicationPlan } from "../../lib/application/plan.ts";
import { type Position, positionsTopic } from "../../lib/application/position.ts";
import { prepareApplication } from "../../lib/application/prepare.ts";
import type { PartitionKey } from "../../lib/core/ids.ts";
import type { App } from "../../lib/dsl/app.ts";
import type { LeaseTable } from "../../lib/ports/lease-table.ts";
import type { Log } from "../../lib/ports/log.ts";
import type { LogFields, Logger } from "../../lib/ports/logger.ts";
import type { ObjectStore } from "../../lib/ports/object-store.ts";
import { EncodingTurns } from "../../lib/task/encoding-turns.ts";
import { Pin } from "../../lib/task/pin.ts";
import type { PinEnvironment } from "../../lib/task/pin-acquire.ts";
import type { PinOutcome } from "../../lib/task/pin-state.ts";
import { deadLetterTopics } from "../../lib/topology/exception-handler.ts";
import { topicsOf } from "../../lib/topology/routing.ts";
import { simRandom } from "../sim/keyed-random.ts";
import { readAll } from "../sim/read-all.ts";
import { SimClock } from "../sim/sim-clock.ts";
import { batchOf, type TestRecord } from "./batches.ts";

/** What a scene is made of. */
export interface PinSceneOptions {
  readonly app: App;
  /** Partitions of every topic of the user. */
  readonly partitions?: number;
}

/** A line that somebody logged. */
export interface LoggedLine extends LogFields {
  readonly event: string;
}

/** One application on memory ports and virtual time: for tests of pins, workers and queries. Nothing moves by itself. */
export class PinScene {
  readonly app: App;
  readonly clock = new SimClock(1);
  readonly broker: MemoryBroker;
  readonly log: Log;
  readonly leases: LeaseTable = createMemoryLeaseTable();
  readonly objects: ObjectStore = createMemoryObjectStore();
  readonly lines: LoggedLine[] = [];
  plan!: ApplicationPlan;
  private clients = 0;

  private constructor(app: App) {
    this.app = app;
    this.broker = createMemoryBroker({ clock: this.clock, random: simRandom(1, "broker") });
    this.log = this.broker.connect({ clientId: "scene" });
  }

  /** Creates the topics and deploys. */
  static async open(options: PinSceneOptions): Promise<PinScene> {
    const scene = new PinScene(options.app);
    const names = new Set<string>(deadLetterTopics(options.app.exceptionHandlers));
    for (const node of options.app.topology.nodes) {
      for (const topic of topicsOf(node)) if (!topic.internal) names.add(topic.name);
    }
    const { partitions = 2 } = options;
    await scene.log.createTopics([...names].map((name) => ({ name, partitions, replicas: 1, configs: {} })));
    scene.plan = await prepareApplication(options.app, scene, "deploy");
    return scene;
  }

  /** Lets time pass until a promise settles. */
  async run<T>(work: Promise<T> | (() => Promise<T>), limitMs = 600_000): Promise<T> {
    let settled: { readonly value: T } | { readonly error: unknown } | undefined;
    void (typeof work === "function" ? work() : work).then(
      (value) => {
        settled = { value };
      },
      (error: unknown) => {
        settled = { error };
      },
    );
    await rest();
    await this.clock.run(this.clock.monotonicMs() + limitMs, () => settled !== undefined);
    await rest();
    if (settled === undefined) throw new Error(`nothing came of it in ${limitMs} virtual ms`);
    if ("error" in settled) throw settled.error;
    return settled.value;
  }

  /** Lets time pass until something is true. */
  async until(what: () => boolean, limitMs = 60_000): Promise<void> {
    await rest();
    await this.clock.run(this.clock.monotonicMs() + limitMs, what);
    if (!what()) throw new Error(`it did not happen in ${limitMs} virtual ms`);
  }

  /** Lets some time pass. */
  async pass(ms: number): Promise<void> {
    await rest();
    this.clock.at(this.clock.monotonicMs() + ms, () => undefined);
    await this.clock.run(this.clock.monotonicMs() + ms, () => false);
  }

  /** Commits records to a partition, in a transaction of its own: a marker follows. */
  async write(topic: string, partition: number, records: readonly TestRecord[]): Promise<void> {
    await this.run(async () => {
      const transactor = await this.transactor(`writer-${this.clients++}`);
      transactor.begin();
      await transactor.send([{ topic, partition, records: batchOf(records) }]);
      await transactor.commit();
    });
  }

  /** A transactional producer. */
  transactor(transactionalId: string) {
    return this.log.transactor({ transactionalId, transactionTimeoutMs: 60_000, deadlineMs: 10_000 });
  }

  /** Every committed record of a topic. */
  async read(topic: string) {
    return this.run(() => readAll(this.log, topic));
  }

  /** The newest position of a pin. */
  async position(pin: number): Promise<Position | undefined> {
    return this.run(() => readNewestPosition(this.log, positionsTopic(this.app.id), pin));
  }

  /** What a worker's pins share, over a connection of its own that faults can be ordered from. */
  environment(worker: string, changes: Partial<PinEnvironment["config"]> = {}) {
    const faults = faultyTransport();
    const log = this.broker.connect({ clientId: worker, transport: faults.transport, deadlineMs: 5_000 });
    const environment: PinEnvironment = {
      worker,
      app: this.plan,
      ports: {
        log,
        leases: this.leases,
        objects: this.objects,
        clock: this.clock,
        random: simRandom(1, worker),
        logger: this.logger({ worker }),
      },
      config: {
        commitIntervalMs: 100,
        commitMaxBytes: 1 << 20,
        positionOnlyCommitMs: 1_000,
        maxReacquires: 3,
        snapshotMaxAgeMs: 10_000,
        snapshotMaxTailRecords: 10_000,
        snapshotMaxDirtyBytes: 1 << 20,
        snapshotRetryMs: 1_000,
        handoverMaxTailRecords: 100,
        ...changes,
      },
      snapshot: { maxDeltas: 3, smallStoreBytes: 0 },
      encodingTurns: new EncodingTurns(),
      limits: {
        maxPendingBytes: 1 << 20,
        maxBatchRecords: 100,
        maxTaskIdleMs: 0,
        transactionTimeoutMs: 5_000,
        transactionDeadlineMs: 4_000,
        deleteRetentionMs: 7 * 86_400_000,
      },
    };
    return { environment, faults };
  }

  /** A logger whose lines tests can read. */
  logger(base: LogFields): Logger {
    const note = (event: string, fields: LogFields = {}): void => void this.lines.push({ ...base, ...fields, event });
    return { debug: note, info: note, warn: note, error: note, with: (fields) => this.logger({ ...base, ...fields }) };
  }

  /** Lines of one event. */
  logged(event: string): readonly LoggedLine[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** Starts a pin that is fed with everything that is on its inputs. */
  startPin(pin: number, environment: PinEnvironment): RunningPin {
    return new RunningPin(new Pin(pin, environment, () => undefined), this);
  }
}

/** Everything that was set off comes to rest. */
function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A pin and what feeds it. */
export class RunningPin {
  readonly pin: Pin;
  readonly ended: Promise<PinOutcome>;
  outcome: PinOutcome | undefined;
  private readonly scene: PinScene;

  constructor(pin: Pin, scene: PinScene) {
    this.pin = pin;
    this.scene = scene;
    this.ended = pin.run();
    void this.ended.then((outcome) => {
      this.outcome = outcome;
    });
    void this.feed();
  }

  /** Waits until the pin processes. */
  async untilRunning(): Promise<this> {
    await this.scene.until(() => this.pin.status().status === "running" || this.outcome !== undefined);
    return this;
  }

  /** Waits until everything that is on the pin's inputs now is processed and committed. */
  async untilCaughtUp(): Promise<void> {
    const { scene, pin } = this;
    const inputs = pin.plan.tasks.flatMap((task) => task.inputs);
    const isBehind = ([key, end]: readonly [PartitionKey, number]) => (pin.status().committed?.inputs[key] ?? 0) < end;
    for (;;) {
      const ends = [...(await scene.run(scene.log.offsets(inputs, "lso")))];
      if (this.outcome !== undefined || !ends.some(isBehind)) return;
      await scene.until(() => this.outcome !== undefined || !ends.some(isBehind));
    }
  }

  /** Drains the pin and waits for its end. */
  async drained(reason: "handover" | "sleep" | "deadline" = "sleep"): Promise<PinOutcome> {
    this.pin.drain(reason);
    return this.scene.run(this.ended);
  }

  private async feed(): Promise<void> {
    while (this.outcome === undefined) {
      const positions = new Map();
      this.pin.wants(positions, 1 << 20);
      if (positions.size > 0) {
        const limits = { maxWaitMs: 0, maxBytes: 1 << 20, maxPartitionBytes: 1 << 20 };
        const answers = await this.scene.log.fetch({ positions, ...limits });
        for (const [key, answer] of answers) this.pin.deliver(key, positions.get(key), answer);
      }
      await this.scene.clock.sleep(10);
    }
  }
}
