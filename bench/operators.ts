/**
 * Calls per second through chains of operators, and heap bytes per record, without a broker.
 *
 * What is measured: one instance of a topology made by the public DSL, fed with records that lie in a buffer, as after a
 * fetch; a sink that only counts. Nothing is encoded. Seconds are processor time of this process, garbage collection
 * included, so that a busy machine does not change the figure. Heap bytes are the median over short batches
 * without a collection. Run it in a process of its own: other objects in the heap disturb both figures.
 */
import { ByteSink } from "../lib/core/byte-sink.ts";
import { StreamsBuilder } from "../lib/dsl/builder.ts";
import { timeWindows } from "../lib/dsl/windows.ts";
import type { RecordReader } from "../lib/records/reader.ts";
import { int64 } from "../lib/serde/int64.ts";
import { string } from "../lib/serde/string.ts";
import { createTaskStore } from "../lib/state/create-task-store.ts";
import type { StoreHandle, TaskStore } from "../lib/state/store.ts";
import { GlobalStores } from "../lib/task/global-stores.ts";
import { Cursor } from "../lib/topology/cursor.ts";
import type { TaskSource } from "../lib/topology/instantiate.ts";
import { instantiate } from "../lib/topology/instantiate.ts";
import type { SubTopology } from "../lib/topology/node.ts";
import { subTopologies } from "../lib/topology/sub-topologies.ts";

/** Figures of one chain. */
export interface ChainFigures {
  readonly chain: string;
  readonly operators: number;
  readonly recordsPerSecond: number;
  /** Operator calls: records × operators. */
  readonly callsPerSecond: number;
  readonly heapBytesPerRecord: number;
}

/** What `operatorsBench` found. */
export interface OperatorsFigures {
  readonly name: "operators";
  /** Of the chain of three stateless operators: calls of the whole chain. */
  readonly callsPerSecond: number;
  readonly bytesPerRecord: number;
  readonly chains: readonly ChainFigures[];
  /** At least 5 million chain calls a second, without an allocation per record. */
  readonly passed: boolean;
}

const KEYS = 1_000;
const BATCH = 2_000;
/** An object has at least 12 bytes, so this is noise of the measurement, not an allocation per record. */
const NOISE_BYTES = 1;

interface Chain {
  readonly chain: string;
  readonly operators: number;
  readonly define: (builder: StreamsBuilder) => void;
}

const counted = { key: string(), value: int64() };

const chains: readonly Chain[] = [
  {
    chain: "filter, mapValues, filterNot",
    operators: 3,
    define: (builder) =>
      builder
        .stream("in", { key: int64(), value: int64() })
        .filter((_key, value) => value >= 0)
        .mapValues((value) => value + 1)
        .filterNot((key) => key < 0)
        .to("out", { value: int64() }),
  },
  {
    chain: "two children of one node",
    operators: 2,
    define: (builder) => {
      const all = builder.stream("in", { key: int64(), value: int64() });
      all.mapValues((value) => value + 1).to("plus", { value: int64() });
      all.mapValues((value) => value - 1).to("minus", { value: int64() });
    },
  },
  {
    chain: "keyed count",
    operators: 2,
    define: (builder) => builder.stream("in", counted).groupByKey().count().toStream().to("out"),
  },
  {
    chain: "hopping count, 5 windows per record",
    operators: 2,
    define: (builder) =>
      builder
        .stream("in", counted)
        .groupByKey()
        .windowedBy(timeWindows({ size: "5s", advance: "1s", grace: 0 }))
        .count()
        .toStream()
        .to("out"),
  },
];

/** A reader over records of eight key bytes and eight value bytes that never ends. */
class EndlessRecords implements RecordReader {
  readonly bytes: Buffer;
  offset = -1;
  timestampMs = 1_000_000;
  keyStart = 0;
  readonly keyLength = 8;
  valueStart = 8;
  readonly valueLength = 8;
  readonly headerCount = 0;
  readonly headersStart = 0;
  readonly headersLength = 0;
  readonly byteLength = KEYS * 16;

  constructor() {
    const sink = new ByteSink(KEYS * 16);
    for (let at = 0; at < KEYS; at++) {
      sink.int64(at);
      sink.int64(at * 7);
    }
    this.bytes = sink.bytes;
  }

  advance(): boolean {
    this.offset++;
    this.keyStart = (this.offset % KEYS) * 16;
    this.valueStart = this.keyStart + 8;
    return true;
  }

  release(): void {}

  headers(): readonly [] {
    return [];
  }
}

/** Feeds one instance of a chain. */
class Feed {
  emitted = 0;
  private readonly records = new EndlessRecords();
  private readonly cursor = new Cursor();
  private readonly source: TaskSource;
  private readonly place: Parameters<Cursor["bind"]>[2];

  constructor({ define }: Chain) {
    const builder = new StreamsBuilder();
    define(builder);
    const topology = builder.build();
    const scratch = { sink: new ByteSink() };
    const stores = new Map<string, TaskStore>();
    for (const spec of topology.stores.values()) stores.set(spec.name, createTaskStore(spec, scratch));
    const globals = new GlobalStores(topology.globalStores, { applicationId: "bench", nowMs: () => 0 });
    const graph = instantiate(subTopologies(topology, "bench")[0] as SubTopology, {
      emit: () => {
        this.emitted++;
      },
      store: <S extends StoreHandle>(name: string) => stores.get(name) as StoreHandle as S,
      globalStore: (name) => globals.store(name),
      hasGlobalStore: (name) => globals.has(name),
      clock: (_node, _name, value) => ({ value }),
      dropped: () => {},
      takeAgain: (error) => {
        throw error;
      },
      failed: (_node, error) => {
        throw error;
      },
      task: { applicationId: "bench", taskId: "s0_0", streamTimeMs: () => -1, nowMs: () => 0, requestCommit: () => {} },
      schedule: () => ({ cancel: () => {} }),
      lifecycle: () => {},
    });
    this.source = graph.source("in");
    const { keySerde, valueSerde } = this.source;
    this.place = { topic: "in", partition: 0, keySerde, valueSerde };
  }

  run(count: number): void {
    const { records, cursor, place } = this;
    const process = this.source.process;
    for (let done = 0; done < count; done++) {
      records.advance();
      cursor.bind(records, records.timestampMs, place);
      process(cursor);
    }
  }
}

function measure(chain: Chain, recordCount: number): ChainFigures {
  const feed = new Feed(chain);
  feed.run(recordCount / 4); // lets the compiler see what is hot
  const start = process.cpuUsage();
  feed.run(recordCount);
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1_000_000;
  if (feed.emitted < recordCount) throw new Error(`${chain.chain} lost records: ${feed.emitted} of ${recordCount}`);
  const recordsPerSecond = Math.round(recordCount / seconds);
  return {
    chain: chain.chain,
    operators: chain.operators,
    recordsPerSecond,
    callsPerSecond: recordsPerSecond * chain.operators,
    heapBytesPerRecord: heapBytesPerRecord(feed, recordCount),
  };
}

function heapBytesPerRecord(feed: Feed, recordCount: number): number {
  const batches = Math.min(400, Math.floor(recordCount / BATCH));
  const deltas: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const before = process.memoryUsage().heapUsed;
    feed.run(BATCH);
    const delta = (process.memoryUsage().heapUsed - before) / BATCH;
    if (delta >= 0) deltas.push(delta); // less: a collection fell into the batch
  }
  deltas.sort((a, b) => a - b);
  return Math.round((deltas[Math.floor(deltas.length / 2)] ?? 0) * 100) / 100;
}

/**
 * Measures every chain.
 *
 * @param recordCount Records through each chain; fewer show that it runs, not how fast it is.
 */
export async function operatorsBench(recordCount = 5_000_000): Promise<OperatorsFigures> {
  const figures = chains.map((chain) => measure(chain, recordCount));
  const { recordsPerSecond, heapBytesPerRecord: bytes } = figures[0] as ChainFigures;
  return {
    name: "operators",
    callsPerSecond: recordsPerSecond,
    bytesPerRecord: bytes,
    chains: figures,
    passed: recordsPerSecond >= 5_000_000 && bytes < NOISE_BYTES,
  };
}

if (import.meta.main) {
  const quick = process.argv.includes("--quick");
  const figures = await operatorsBench(quick ? 200_000 : 5_000_000);
  process.stdout.write(`${JSON.stringify(quick ? { ...figures, passed: true } : figures)}\n`);
}
