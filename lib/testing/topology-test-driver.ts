import type { TaskPlan } from "../application/plan.ts";
import { decodePosition, encodePosition, type Position } from "../application/position.ts";
import type { DeployedApplication } from "../application/prepare.ts";
import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import { partitionKey } from "../core/ids.ts";
import type { SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { RowSink, StoreType, TaskStore } from "../state/store.ts";
import { keyedTypes, windowTypes } from "../state/store.ts";
import { Collector } from "../task/collector.ts";
import { GlobalStores } from "../task/global-stores.ts";
import type { RecordQueue } from "../task/record-queue.ts";
import { Task } from "../task/task.ts";
import { failAlways } from "../topology/exception-handler.ts";
import type { SubTopology } from "../topology/node.ts";
import { changelogTopic, restoredFrom, subTopologies } from "../topology/sub-topologies.ts";
import { topicsByPattern, withTopics } from "../topology/topic-patterns.ts";
import { DriverCalls } from "./driver-calls.ts";
import type { LogBatch, LogRecord } from "./driver-log.ts";
import { DriverLog } from "./driver-log.ts";
import { DriverSnapshots, type DriverStore } from "./driver-snapshots.ts";
import { TestInputTopic } from "./test-input-topic.ts";
import { TestOutputTopic } from "./test-output-topic.ts";
import {
  keyValueRowsOf,
  sessionRowsOf,
  type TestRow,
  type TestSessionRow,
  type TestVersionedRow,
  type TestWindowRow,
  versionedRowsOf,
  windowRowsOf,
} from "./test-rows.ts";
import { topicSerdes } from "./topic-serdes.ts";

/** Serdes of a test topic; without them those of the source or sink. */
export interface TestTopicOptions<K, V> {
  readonly key?: Serde<K>;
  readonly value?: SerdeLike<V>;
}

/** What a test driver cannot know from the application. */
export interface TestDriverOptions {
  /** The topics that there are, for sources that read by a pattern. */
  readonly topics?: readonly string[];
}

/** What a task adds to a position. */
type PositionParts = Parameters<Task["addToPosition"]>[0];

/**
 * Runs an application in a test: no log, one partition per topic, a clock that moves only when told. Every record is
 * processed to the end, through repartition topics too, and committed, before `pipeInput` returns; the operators, stores and
 * bytes are those of production.
 * A record that fails is skipped, what it changed is undone, and `pipeInput` throws; unless an exception handler of the
 * application says otherwise. Pauses between tries are left out.
 *
 * @example
 * const driver = new TopologyTestDriver(app);
 * driver.createInputTopic<string, string>("words").pipeInput("a", "word", { timestampMs: 5 });
 * driver.createOutputTopic<string, number>("counts").readRecord(); // { key: "a", value: 1, timestampMs: 5, headers: [] }
 */
export class TopologyTestDriver {
  private readonly app: DeployedApplication;
  private readonly log = new DriverLog();
  private readonly collector: Collector;
  private readonly snapshots: DriverSnapshots;
  private globals!: GlobalStores;
  private tasks: readonly Task[] = [];
  private queues: ReadonlyMap<string, RecordQueue> = new Map();
  private readonly written = new Map<string, LogRecord[]>();
  /** What was delivered since `pipe` began: a record that is tried again is delivered again. */
  private delivered: LogBatch[] = [];
  /** Topics of global tables, whole: they are read anew by every process. */
  private readonly global: LogBatch[] = [];
  private wallClockMs = 0;
  private readonly calls = new DriverCalls(() => this.wallClockMs);

  /** @throws {StreamError} `TOPIC_MISSING` when a pattern of a source matches none of the topics */
  constructor(defined: DeployedApplication, { topics = [] }: TestDriverOptions = {}) {
    const app = { ...defined, topology: withTopics(defined.topology, topicsByPattern(defined.topology, topics)) };
    this.app = app;
    // A topic that the collector does not know has one partition.
    this.collector = new Collector(new Map());
    this.snapshots = new DriverSnapshots(app.id);
    this.open(undefined);
    for (const task of this.tasks) task.start();
  }

  /**
   * A topic to write to.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` when the application does not read it
   */
  createInputTopic<K, V>(topic: string, options: TestTopicOptions<K, V> = {}): TestInputTopic<K, V> {
    const { key, value } = options;
    const serdes = topicSerdes<K, V>(this.app, "source", topic);
    return new TestInputTopic<K, V>({
      keySerde: key ?? serdes.key,
      valueSerde: value === undefined ? serdes.value : asSerde(value),
      pipe: (record) => this.pipe(topic, record),
    });
  }

  /**
   * A topic to read from: records that were written to it since the start and not read yet.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` when the application does not write it
   */
  createOutputTopic<K, V>(topic: string, options: TestTopicOptions<K, V> = {}): TestOutputTopic<K, V> {
    const { key, value } = options;
    const serdes = topicSerdes<K, V>(this.app, "sink", topic);
    return new TestOutputTopic<K, V>({
      keySerde: key ?? serdes.key,
      valueSerde: value === undefined ? serdes.value : asSerde(value),
      records: this.records(topic),
    });
  }

  /**
   * The rows of a key-value store, in the order of their key bytes.
   *
   * @throws {StreamError} `STORE_UNKNOWN` when there is no such key-value store
   */
  keyValueRows<K, V>(store: string): readonly TestRow<K, V>[] {
    return keyValueRowsOf(this.store(store, keyedTypes));
  }

  /**
   * The rows of a window store that retention leaves visible, by window start, then key.
   *
   * @throws {StreamError} `STORE_UNKNOWN` when there is no such window store
   */
  windowRows<K, V>(store: string): readonly TestWindowRow<K, V>[] {
    return windowRowsOf(this.store(store, windowTypes));
  }

  /**
   * The rows of a session store that retention leaves visible, by end, start, then key.
   *
   * @throws {StreamError} `STORE_UNKNOWN` when there is no such session store
   */
  sessionRows<K, V>(store: string): readonly TestSessionRow<K, V>[] {
    return sessionRowsOf(this.store(store, ["session"]));
  }

  /**
   * The versions that a versioned store keeps, in the order of their key bytes, newest first.
   *
   * @throws {StreamError} `STORE_UNKNOWN` when there is no such versioned store
   */
  versionedRows<K, V>(store: string): readonly TestVersionedRow<K, V>[] {
    return versionedRowsOf(this.store(store, ["versioned"]));
  }

  /** Every record written to a topic so far, in bytes: changelogs and repartition topics by their full names too. */
  records(topic: string): LogRecord[] {
    let records = this.written.get(topic);
    if (records === undefined) {
      records = [];
      this.written.set(topic, records);
    }
    return records;
  }

  private store(name: string, types: readonly StoreType[]): TaskStore {
    const stores = [...this.tasks.flatMap((task) => task.stores), ...this.globals.stores];
    const found = stores.find((store) => store.spec.name === name);
    if (found !== undefined && types.includes(found.spec.type)) return found;
    throw new StreamError("STORE_UNKNOWN", `there is no store ${name} of type ${types.join(" or ")}`, {
      details: { store: name },
    });
  }

  /**
   * Moves the wall clock, which starts at 0, and calls the punctuators that become due, each once.
   *
   * @throws {StreamError} what the application would fail with
   * @example
   * new TopologyTestDriver(app).advanceWallClockTime("1s");
   */
  advanceWallClockTime(by: Duration): void {
    this.wallClockMs += durationMs(by, "advanceWallClockTime");
    this.calls.moved();
    for (const task of this.tasks) this.step(task, () => task.punctuate("wallClockTime"));
    this.processAll();
  }

  /**
   * Waits for calls of asynchronous functions, and processes the records that they were made for, until none is left. Deadlines
   * pass by `advanceWallClockTime`.
   *
   * @throws {StreamError} what the application would fail with
   * @example
   * await new TopologyTestDriver(app).settle();
   */
  async settle(): Promise<void> {
    for (;;) {
      this.processAll();
      if (!this.tasks.some(({ isCalling }) => isCalling)) return;
      await this.calls.next();
    }
  }

  /**
   * Ends all tasks and builds them anew, as another process would: stores from their changelogs, clocks and due times from the
   * position, user code from its suppliers. Nothing else is left: what processors keep in variables and what stores without
   * a changelog hold is gone. What is written afterwards should be what would have been written.
   *
   * @throws {StreamError} what a supplier fails with
   * @example
   * const driver = new TopologyTestDriver(app);
   * driver.createInputTopic<string, string>("words").pipeInput("a", "word", { timestampMs: 5 });
   * await driver.restart();
   */
  async restart(): Promise<void> {
    const position = decodePosition(encodePosition(this.position()));
    for (const task of this.tasks) task.close();
    this.collector.clear();
    this.open(position);
    await this.snapshots.restore(this.driverStores(), (topic) => this.records(topic));
    for (const task of this.tasks) {
      task.resetStoreTimes(position);
      task.start();
    }
  }

  /**
   * Takes a snapshot of all stores, as a worker does from time to time: the next restart begins with it, and applies only the
   * rest of the changelogs.
   *
   * @example
   * const driver = new TopologyTestDriver(app);
   * await driver.takeSnapshot();
   * await driver.restart();
   */
  async takeSnapshot(): Promise<void> {
    await this.snapshots.take(this.driverStores(), this.position());
  }

  private open(position: Position | undefined): void {
    const { app, collector } = this;
    const nowMs = (): number => this.wallClockMs;
    this.globals = new GlobalStores(app.topology.globalStores, { applicationId: app.id, nowMs });
    for (const batch of this.global)
      this.globals.apply({ topic: batch.topic, partition: 0 }, this.log.answer(batch).records);
    const surroundings = { collector, nowMs, globals: this.globals, calls: this.calls };
    const parts = subTopologies(app.topology, app.id);
    this.tasks = parts.map((part) => new Task(planOf(part, app), position, surroundings));
    this.queues = new Map(this.tasks.flatMap((task) => task.queues.map((queue) => [queue.source.topic, queue])));
    for (const task of this.tasks) this.deliverNothing(task);
  }

  /** Everything that was processed is committed. */
  private position(): Position {
    const parts: PositionParts = { inputs: {}, partitionTimes: {}, clocks: {}, storeTimes: {} };
    for (const task of this.tasks) task.addToPosition(parts);
    const topics = this.driverStores().flatMap(({ store }) => restoredFrom(store.spec, this.app.id) ?? []);
    const changelogs = Object.fromEntries(topics.map((topic) => [partitionKey(topic, 0), this.log.end(topic)]));
    return { pin: 0, epoch: 1, transaction: 1, changelogs, ...parts };
  }

  private driverStores(): readonly DriverStore[] {
    return this.tasks.flatMap(({ plan, stores }) =>
      stores.map((store) => ({ store, timeKey: `${plan.id}/${store.spec.name}` })),
    );
  }

  private pipe(topic: string, record: Omit<LogRecord, "topic" | "offset">): void {
    if (this.next() === undefined && !this.tasks.some(({ isCalling }) => isCalling)) this.delivered = [];
    const batch = this.log.append(topic, record);
    this.records(topic).push(...this.log.records(batch));
    this.deliver(batch);
    this.processAll();
  }

  private processAll(): void {
    for (let task = this.next(); task !== undefined; task = this.next()) this.processOne(task);
  }

  private processOne(task: Task): void {
    this.step(task, () => {
      task.processNext();
      task.punctuate("streamTime");
    });
  }

  /** Runs a part of a task and commits, or undoes it. */
  private step(task: Task, run: () => unknown): void {
    const before: PositionParts = { inputs: {}, partitionTimes: {}, clocks: {}, storeTimes: {} };
    task.addToPosition(before);
    for (;;) {
      try {
        run();
        break;
      } catch (error) {
        const isRetried = task.failures.retry !== undefined;
        this.undo(task, isRetried ? before : this.afterAll(task, before));
        if (!isRetried) throw error;
      }
    }
    this.commit(task);
  }

  /** A position behind everything that the task has not processed: the record that failed would fail again. */
  private afterAll(task: Task, before: PositionParts): PositionParts {
    const ends = task.queues.map(({ source: { topic } }) => [partitionKey(topic, 0), this.log.end(topic)]);
    return { ...before, inputs: Object.fromEntries(ends) as PositionParts["inputs"] };
  }

  private undo(task: Task, to: PositionParts): void {
    this.collector.clear();
    for (const store of task.stores) store.drop();
    task.rewind({ pin: 0, epoch: 0, transaction: 0, changelogs: {}, ...to });
    this.deliverNothing(task);
    for (const queue of task.queues) {
      const { position, source } = queue;
      const again = this.delivered.filter(({ topic, endOffset }) => topic === source.topic && endOffset > position);
      for (const batch of again) queue.add(this.log.answer(batch, Math.max(position, batch.baseOffset)));
    }
  }

  /** An answer without records: a task waits for an answer about each of its inputs. */
  private deliverNothing(task: Task): void {
    for (const queue of task.queues) {
      const { topic } = queue.source;
      const end = this.log.end(topic);
      queue.add(this.log.answer({ topic, bytes: NOTHING, baseOffset: end, endOffset: end }, queue.position));
    }
  }

  private deliver(batch: LogBatch): void {
    const answer = this.log.answer(batch);
    if (this.globals.reads(batch.topic)) {
      this.global.push(batch);
      this.globals.apply({ topic: batch.topic, partition: 0 }, answer.records);
    } else {
      this.delivered.push(batch);
      this.queues.get(batch.topic)?.add(answer);
    }
  }

  /** The task whose next record is the oldest. */
  private next(): Task | undefined {
    let best: Task | undefined;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const task of this.tasks) {
      for (const queue of task.queues) {
        queue.look();
        if (queue.head === undefined || queue.headTimestampMs >= oldestMs) continue;
        oldestMs = queue.headTimestampMs;
        best = task;
      }
    }
    return best;
  }

  private commit(task: Task): void {
    task.flush();
    for (const store of task.stores) store.seal(this.changelog(store));
    const batches = this.collector.take();
    for (const each of batches) {
      const batch = this.log.write(each);
      this.records(batch.topic).push(...this.log.records(batch));
      this.deliver(batch);
    }
    this.collector.recycle(batches);
    for (const store of task.stores) store.acknowledge();
  }

  private changelog({ spec }: TaskStore): RowSink {
    if (!spec.logged) return { row: () => {} };
    return this.collector.changelog(changelogTopic(spec.name, this.app.id), 0, spec.type);
  }
}

const NOTHING = Buffer.alloc(0);

function planOf(part: SubTopology, app: DeployedApplication): TaskPlan {
  const { exceptionHandlers = failAlways, statestoreCacheMaxBytes: cacheMaxBytes = 0 } = app;
  const { number, sourceTopics } = part;
  return {
    id: String(number),
    subTopology: part,
    partition: 0,
    inputs: sourceTopics.map((topic) => ({
      topic,
      partition: 0,
      key: partitionKey(topic, 0),
      offsetReset: "earliest",
    })),
    changelogs: [],
    exceptionHandlers,
    cacheMaxBytes,
  };
}
