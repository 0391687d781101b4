import type { ByteSink } from "../core/byte-sink.ts";

/**
 * How values of a type become bytes and back.
 *
 * `id` is the stored signature: it is kept in the app manifest, so a changed serde of a store is noticed.
 */
export interface Serde<T> {
  readonly id: string;
  /**
   * Trailing bytes that the partitioner leaves out: a windowed key goes to the partition of its plain key.
   * @source Kafka Streams `WindowedStreamPartitioner`
   */
  readonly unpartitionedSuffixBytes?: number;
  /**
   * Whether bytes `[start, end)` stand for null, as the text `null` does in JSON; without it none do. A record is then null
   * before it is decoded, too.
   */
  isNull?(bytes: Buffer, start: number, end: number): boolean;
  /** Appends the bytes of `value`. Null and undefined never reach a serde. */
  write(value: T, sink: ByteSink): void;
  /** Reads bytes `[start, end)`; must not keep `bytes`, and answers null only where `isNull` does. May throw on bad input. */
  read(bytes: Buffer, start: number, end: number): T;
}
