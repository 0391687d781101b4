import type { RecordHeaders } from "../records/headers.ts";
import type { Header } from "../records/reader.ts";
import { ProcessorRecord, type RecordParts } from "./processor-record.ts";

/**
 * A record whose key cannot be changed: only `processValues` makes them, `with…` answers a changed copy.
 *
 * @source Kafka Streams `FixedKeyRecord`
 * @example
 * words.processValues((context: FixedKeyProcessorContext<string, number>) => ({
 *   process: (record) => context.forward(record.withValue(record.value.length)),
 * }));
 */
export class FixedKeyRecord<K, V> {
  // Private, and so not to be imitated: a record of another origin could bring another key.
  readonly #parts: ProcessorRecord<K, V>;

  private constructor(parts: ProcessorRecord<K, V>) {
    this.#parts = parts;
  }

  /** @internal The record that a processor gets. */
  static of<K, V>(parts: RecordParts<K, V>): FixedKeyRecord<K, V> {
    return new FixedKeyRecord(new ProcessorRecord(parts));
  }

  /** The key of the input record. */
  get key(): K {
    return this.#parts.key;
  }

  /** The value. */
  get value(): V {
    return this.#parts.value;
  }

  /** Milliseconds since the epoch. */
  get timestampMs(): number {
    return this.#parts.timestampMs;
  }

  /** Headers, in order. */
  get headers(): RecordHeaders {
    return this.#parts.headers;
  }

  /** With another value. */
  withValue<V2>(value: V2): FixedKeyRecord<K, V2> {
    return new FixedKeyRecord(this.#parts.withValue(value));
  }

  /** With another timestamp, in milliseconds since the epoch. */
  withTimestamp(timestampMs: number): FixedKeyRecord<K, V> {
    return new FixedKeyRecord(this.#parts.withTimestamp(timestampMs));
  }

  /** With other headers. */
  withHeaders(headers: Iterable<Header>): FixedKeyRecord<K, V> {
    return new FixedKeyRecord(this.#parts.withHeaders(headers));
  }
}
