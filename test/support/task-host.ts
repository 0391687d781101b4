import { ByteSink } from "../../lib/core/byte-sink.ts";
import { StreamsBuilder } from "../../lib/dsl/builder.ts";
import type { Header } from "../../lib/records/reader.ts";
import type { Serde } from "../../lib/serde/serde.ts";
import { createTaskStore } from "../../lib/state/create-task-store.ts";
import type { KeyValueStore, SessionStore, StoreHandle, TaskStore, WindowStore } from "../../lib/state/store.ts";
import { GlobalStores } from "../../lib/task/global-stores.ts";
import { Punctuators } from "../../lib/task/punctuators.ts";
import { DriverLog } from "../../lib/testing/driver-log.ts";
import { Cursor } from "../../lib/topology/cursor.ts";
import type { DropReason, TaskGraph, TaskHost } from "../../lib/topology/instantiate.ts";
import { instantiate } from "../../lib/topology/instantiate.ts";
import type { SinkNode, Topology } from "../../lib/topology/node.ts";
import type { LifecycleHooks, OperatorClock, TaskFacts } from "../../lib/topology/operator.ts";
import type { Cancellable, ScheduleOptions } from "../../lib/topology/punctuation.ts";
import { subTopologies } from "../../lib/topology/sub-topologies.ts";
import { OneRecord } from "./one-record.ts";

/** A record as a test writes it: values, not bytes. */
export interface InputRecord {
  readonly key: unknown;
  readonly value: unknown;
  readonly timestampMs: number;
  readonly headers?: readonly Header[];
}

/** A record that a sink wrote, read back with the sink's serdes. */
export interface OutputRecord extends InputRecord {
  readonly topic: string;
}

interface Pending {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  readonly headers: readonly Header[];
}

const APPLICATION_ID = "test";

/** Runs a whole topology on one partition per topic: real operators and stores, no log and no commits. */
export class TopologyHost implements TaskHost {
  readonly topology: Topology;
  readonly outputs: OutputRecord[] = [];
  readonly drops: [node: string, reason: DropReason][] = [];
  readonly clocks = new Map<string, OperatorClock>();
  private readonly stores = new Map<string, TaskStore>();
  private readonly globals: GlobalStores;
  private readonly graphs = new Map<string, TaskGraph>();
  private readonly partitionTimes = new Map<string, number>();
  private readonly queue: Pending[] = [];
  private readonly sink = new ByteSink();
  private readonly cursor = new Cursor();
  private readonly hooks: LifecycleHooks[] = [];
  private streamTimeMs = -1;
  nowMs = 0;
  commitsRequested = 0;
  readonly task: TaskFacts = {
    applicationId: APPLICATION_ID,
    taskId: "s0_0",
    streamTimeMs: () => this.streamTimeMs,
    nowMs: () => this.nowMs,
    requestCommit: () => {
      this.commitsRequested++;
    },
  };
  private readonly punctuators = new Punctuators({
    stored: () => undefined,
    streamTimeMs: () => this.streamTimeMs,
    nowMs: () => this.nowMs,
  });
  private offset = 0;

  /** @param defined A topology, or what builds one. */
  constructor(defined: Topology | ((builder: StreamsBuilder) => void)) {
    const builder = new StreamsBuilder();
    if (typeof defined === "function") defined(builder);
    this.topology = typeof defined === "function" ? builder.build() : defined;
    const scratch = { sink: new ByteSink() };
    for (const spec of this.topology.stores.values()) this.stores.set(spec.name, createTaskStore(spec, scratch));
    this.globals = new GlobalStores(this.topology.globalStores, {
      applicationId: APPLICATION_ID,
      nowMs: () => this.nowMs,
    });
    for (const part of subTopologies(this.topology, APPLICATION_ID)) {
      const graph = instantiate(part, this);
      for (const topic of part.sourceTopics) this.graphs.set(topic, graph);
    }
    this.restart();
  }

  /** Starts user code anew, as after an abort. */
  restart(): void {
    for (const { close } of this.hooks) close();
    this.punctuators.restart(() => {
      for (const { start } of this.hooks) start();
    });
  }

  /** Encodes a record with the source's serdes and runs it, and everything that it sends to internal topics. */
  pipe(topic: string, record: InputRecord): readonly OutputRecord[] {
    const source = this.graph(topic).source(topic);
    const key = this.encode(source.keySerde, record.key);
    const value = this.encode(source.valueSerde, record.value);
    return this.pipeBytes(topic, { key, value, timestampMs: record.timestampMs, headers: record.headers ?? [] });
  }

  /** As `pipe`, with bytes. @returns what was written to output topics */
  pipeBytes(topic: string, record: Omit<Pending, "topic">): readonly OutputRecord[] {
    const before = this.outputs.length;
    this.queue.push({ topic, ...record });
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) this.run(next);
    return this.outputs.slice(before);
  }

  /** Rows of a key-value store, keys as text. */
  rows(store: string): readonly (readonly [key: string, value: unknown, timestampMs: number])[] {
    const found = this.store<KeyValueStore>(store);
    return [...found.range(undefined, undefined)].map(([key, row]) => [key, row.value, row.timestampMs]);
  }

  /** Rows of a window store, keys as text. */
  windows(store: string): readonly (readonly [key: string, startMs: number, value: unknown, timestampMs: number])[] {
    const found = this.store<WindowStore>(store);
    return [...found.fetchAll(0, Number.MAX_SAFE_INTEGER)].map(([key, startMs, row]) => [
      key,
      startMs,
      row.value,
      row.timestampMs,
    ]);
  }

  /** Rows of a session store, keys as text. */
  sessions(store: string): readonly (readonly [key: string, startMs: number, endMs: number, value: unknown])[] {
    const found = this.store<SessionStore>(store);
    return [...found.fetchAll(0, Number.MAX_SAFE_INTEGER)].map(([key, startMs, endMs, { value }]) => [
      key,
      startMs,
      endMs,
      value,
    ]);
  }

  /** Puts a row into a global table. */
  pipeGlobal(topic: string, record: InputRecord): void {
    const found = this.topology.globalStores.find((each) => each.topic === topic);
    if (found === undefined) throw new Error(`${topic} is no global table`);
    const { keySerde, valueSerde } = found.updater ?? found.store;
    const key = this.encode(keySerde, record.key);
    const value = this.encode(valueSerde, record.value);
    const log = new DriverLog();
    const batch = log.append(topic, { key, value, timestampMs: record.timestampMs, headers: [] });
    this.globals.apply({ topic, partition: 0 }, log.answer(batch).records);
  }

  /** What a record of `topic` may read. */
  graph(topic: string): TaskGraph {
    const graph = this.graphs.get(topic);
    if (graph === undefined) throw new Error(`no sub-topology reads ${topic}`);
    return graph;
  }

  emit(sink: SinkNode, topic: string, cursor: Cursor): void {
    const key = cursor.keyIsNull ? null : this.written(() => cursor.writeKey(sink.keySerde, this.sink));
    const value = cursor.valueIsNull ? null : this.written(() => cursor.writeValue(sink.valueSerde, this.sink));
    const { timestampMs, headers } = cursor;
    if (this.graphs.has(topic)) this.queue.push({ topic, key, value, timestampMs, headers });
    else {
      this.outputs.push({
        topic,
        key: key && sink.keySerde.read(key, 0, key.length),
        value: value && sink.valueSerde.read(value, 0, value.length),
        timestampMs,
        ...(headers.length > 0 && { headers }),
      });
    }
  }

  store<S extends StoreHandle>(name: string): S {
    const store = this.stores.get(name);
    if (store === undefined) throw new Error(`no store ${name}`);
    return store as StoreHandle as S;
  }

  globalStore<S extends StoreHandle>(name: string): S {
    return this.globals.store<S>(name);
  }

  hasGlobalStore(name: string): boolean {
    return this.globals.has(name);
  }

  clock(owner: string, name: string, initial: number): OperatorClock {
    const id = `${owner}/${name}`;
    const clock = this.clocks.get(id) ?? { value: initial };
    this.clocks.set(id, clock);
    return clock;
  }

  dropped(node: string, reason: DropReason): void {
    this.drops.push([node, reason]);
  }

  answer(node: string): never {
    throw new Error(`${node} calls, which a topology without a task cannot`);
  }

  failed(_node: unknown, error: Error): void {
    throw error;
  }

  schedule(owner: string, options: ScheduleOptions, fire: (timestampMs: number) => void): Cancellable {
    return this.punctuators.schedule(owner, options, fire);
  }

  lifecycle(hooks: LifecycleHooks): void {
    this.hooks.push(hooks);
  }

  private run(record: Pending): void {
    const { topic } = record;
    const source = this.graph(topic).source(topic);
    const place = { topic, partition: 0, keySerde: source.keySerde, valueSerde: source.valueSerde };
    const reader = new OneRecord({ ...record, offset: this.offset++ });
    this.cursor.bind(reader, record.timestampMs, place);
    if (source.timestampExtractor !== undefined) {
      const partitionTimeMs = this.partitionTimes.get(topic) ?? -1;
      const { key, value } = this.cursor;
      const at = { timestampMs: record.timestampMs, offset: reader.offset, topic, partition: 0 };
      const extracted = source.timestampExtractor({ ...at, key, value, partitionTimeMs });
      if (extracted < 0) return;
      this.partitionTimes.set(topic, Math.max(partitionTimeMs, extracted));
      this.cursor.timestampMs = extracted;
    }
    this.streamTimeMs = Math.max(this.streamTimeMs, this.cursor.timestampMs);
    source.process(this.cursor);
    this.punctuators.punctuateStreamTime(Number.POSITIVE_INFINITY);
  }

  private encode(serde: Serde<unknown>, value: unknown): Buffer | null {
    return value === null ? null : this.written(() => serde.write(value, this.sink));
  }

  private written(write: () => void): Buffer {
    this.sink.reset();
    write();
    return Buffer.from(this.sink.view());
  }
}
