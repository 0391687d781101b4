import type { BenchOptions } from "../arguments.ts";
import type { Shape } from "./shapes.ts";

const WARM_MS = 30_000;

/** The input and the job that every side runs, exactly once. */
export interface Workload extends Pick<Shape, "shape" | "values" | "other" | "format"> {
  /** Of the first input; 0: the run ends when it is told to. */
  readonly records: number;
  readonly keys: number;
  readonly partitions: number;
  readonly valueBytes: number;
  readonly seed: number;
  readonly rounds: number;
  readonly commitMs: number;
  /** Record cache of either side: 0 emits every update; else one that is never full, which emits one per key and commit. */
  readonly cacheBytes: number;
  readonly store: "memory" | "rocksdb";
  /** How long a side works on the input before it is measured, as another application in the same process; 0: not at all. */
  readonly warmMs: number;
}

/**
 * The workload of a command line. Either side warms up for half a minute, or one pass over the input: a Java client needs some
 * seconds before it is fully compiled, and a short run would measure little else. A quick look has no warm-up.
 */
export function workloadOf({ shape, values, other, format, ...usual }: Shape, options: BenchOptions): Workload {
  return {
    shape,
    values,
    other,
    format,
    records: options.records ?? (options.quick ? usual.quickRecords : usual.records),
    keys: options.keys ?? usual.keys,
    partitions: 6,
    valueBytes: 100,
    seed: 1,
    rounds: options.rounds ?? (options.quick ? 1 : 3),
    commitMs: 100,
    cacheBytes: options.perCommit ? 256 * 1024 * 1024 : 0,
    store: options.store,
    warmMs: options.quick ? 0 : WARM_MS,
  };
}

/** The same without record caches and warm-up, for scenarios that follow single records. */
export function everyUpdateOf(shape: Shape, options: BenchOptions): Workload {
  return { ...workloadOf(shape, options), cacheBytes: 0, warmMs: 0 };
}

/** Records of all inputs together: a run ends when so many are committed. */
export function inputRecords({ records, keys, other }: Pick<Workload, "records" | "keys" | "other">): number {
  if (records === 0) return 0;
  return records + { none: 0, table: keys, stream: records }[other];
}

/**
 * What a Kafka Streams user would turn up for throughput: larger produce batches and fetches. The default side has
 * Kafka's own defaults except for the settings that both sides share (commit interval, cache off, one thread).
 */
export const tunedSettings: Readonly<Record<string, string | number>> = {
  "kafka.producer.batch.size": 262_144,
  "kafka.producer.buffer.memory": 67_108_864,
  "kafka.main.consumer.max.poll.records": 10_000,
  "kafka.main.consumer.fetch.max.bytes": 52_428_800,
  "kafka.main.consumer.max.partition.fetch.bytes": 8_388_608,
  "kafka.buffered.records.per.partition": 20_000,
};
