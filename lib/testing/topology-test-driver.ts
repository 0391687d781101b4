import type { TaskPlan } from "../application/plan.ts";
import type { DeployedApplication } from "../application/prepare.ts";
import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import { partitionKey } from "../core/ids.ts";
import type { SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type {
  KeyValueStore,
  RowSink,
  SessionStore,
  StoreType,
  TaskStore,
  VersionedStore,
  WindowStore,
} from "../state/store.ts";
import { keyedTypes, windowTypes } from "../state/store.ts";
import { Collector } from "../task/collector.ts";
import { GlobalStores } from "../task/global-stores.ts";
import type { RecordQueue } from "../task/record-queue.ts";
import { Task } from "../task/task.ts";
import { failAlways } from "../topology/exception-handler.ts";
import type { SubTopology } from "../topology/node.ts";
import { changelogTopic, subTopologies } from "../topology/sub-topologies.ts";
import type { LogBatch, LogRecord } from "./driver-log.ts";
import { DriverLog } from "./driver-log.ts";
import { TestInputTopic } from "./test-input-topic.ts";
import { TestOutputTopic } from "./test-output-topic.ts";
import { topicSerdes } from "./topic-serdes.ts";

/** Serdes of a test topic; without them those of the source or sink. */
export interface TestTopicOptions<K, V> {
  readonly key?: Serde<K>;
  readonly value?: SerdeLike<V>;
}

/** What a task adds to a position. */
type PositionParts = Parameters<Task["addToPosition"]>[0];

/** A row of a key-value store. */
export interface TestRow<K, V> {
  readonly key: K;
  readonly value: V;
  readonly timestampMs: number;
}

/** One version of a row in a versioned store. */
export interface TestVersionedRow<K, V> extends TestRow<K, V> {
  /** When a newer version, or a deletion, took its place; undefined for the newest. */
  readonly validToMs: number | undefined;
}

/** A row of a window store. */
export interface TestWindowRow<K, V> extends TestRow<K, V> {
  readonly windowStartMs: number;
}

/** A row of a session store: the session's first and last record. */
export interface TestSessionRow<K, V> {
  readonly key: K;
  readonly startMs: number;
  /** Inclusive. */
  readonly endMs: number;
  readonly value: V;
}

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
  private readonly globals: GlobalStores;
  private readonly tasks: readonly Task[];
  private readonly queues: ReadonlyMap<string, RecordQueue>;
  private readonly written = new Map<string, LogRecord[]>();
  /** What was delivered since `pipe` began: a record that is tried again is delivered again. */
  private delivered: LogBatch[] = [];
  private wallClockMs = 0;

  constructor(app: DeployedApplication) {
    this.app = app;
    const parts = subTopologies(app.topology, app.id);
    // A topic that the collector does not know has one partition.
    this.collector = new Collector(new Map());
    this.globals = new GlobalStores(app.topology.globalStores);
    const surroundings = { collector: this.collector, nowMs: () => this.wallClockMs, globals: this.globals };
    this.tasks = parts.map((part) => new Task(planOf(part, app), undefined, surroundings));
    this.queues = new Map(this.tasks.flatMap((task) => task.queues.map((queue) => [queue.source.topic, queue])));
    for (const task of this.tasks) {
      this.deliverNothing(task);
      task.start();
    }
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
    const found = this.store(store, keyedTypes);
    const rows = [...(found as TaskStore & KeyValueStore).range(undefined, undefined)];
    return rows.map(([keyText, row]) => ({
      key: keyOf<K>(found, keyText),
      value: row.value as V,
      timestampMs: row.timestampMs,
    }));
  }

  /**
   * The rows of a window store that retention leaves visible, by window start, then key.
   *
   * @throws {StreamError} `STORE_UNKNOWN` when there is no such window store
   */
  windowRows<K, V>(store: string): readonly TestWindowRow<K, V>[] {
    const found = this.store(store, windowTypes);
    const rows = [...(found as TaskStore & WindowStore).fetchAll(0, Number.MAX_SAFE_INTEGER)];
    return rows.map(([keyText, windowStartMs, row]) => ({
      key: keyOf<K>(found, keyText),
      windowStartMs,
      value: row.value as V,
      timestampMs: row.timestampMs,
    }));
  }

  /**
   * The rows of a session store that retention leaves visible, by end, start, then key.
   *
   * @throws {StreamError} `STORE_UNKNOWN` when there is no such session store
   */
  sessionRows<K, V>(store: string): readonly TestSessionRow<K, V>[] {
    const found = this.store(store, ["session"]);
    const rows = [...(found as TaskStore & SessionStore).fetchAll(0, Number.MAX_SAFE_INTEGER)];
    return rows.map(([keyText, startMs, endMs, row]) => ({
      key: keyOf<K>(found, keyText),
      startMs,
      endMs,
      value: row.value as V,
    }));
  }

  /**
   * The versions that a versioned store keeps, in the order of their key bytes, newest first.
   *
   * @throws {StreamError} `STORE_UNKNOWN` when there is no such versioned store
   */
  versionedRows<K, V>(store: string): readonly TestVersionedRow<K, V>[] {
    const found = this.store(store, ["versioned"]);
    const rows = [...(found as TaskStore & VersionedStore).versions()];
    return rows.map(([keyText, row, validToMs]) => ({
      key: keyOf<K>(found, keyText),
      value: row.value as V,
      timestampMs: row.timestampMs,
      validToMs,
    }));
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
    for (const task of this.tasks) this.step(task, () => task.punctuate("wallClockTime"));
    this.processAll();
  }

  private pipe(topic: string, record: Omit<LogRecord, "topic" | "offset">): void {
    if (this.next() === undefined) this.delivered = [];
    this.deliver(this.log.append(topic, record));
    this.processAll();
  }

  private processAll(): void {
    for (let task = this.next(); task !== undefined; task = this.next()) this.processOne(task);
  }

  private processOne(task: Task): void {
    this.step(task, () => task.processNext());
    this.step(task, () => task.punctuate("streamTime"));
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
    if (this.globals.reads(batch.topic)) this.globals.apply(batch.topic, answer.records);
    else {
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

function keyOf<K>(store: TaskStore, keyText: string): K {
  const bytes = Buffer.from(keyText, "latin1");
  return (store.spec.keySerde as Serde<K>).read(bytes, 0, bytes.length);
}
