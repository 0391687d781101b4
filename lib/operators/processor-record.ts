import { RecordHeaders } from "../records/headers.ts";
import type { Header } from "../records/reader.ts";

/** What a record is made of. */
export interface RecordParts<K, V> {
  readonly key: K;
  readonly value: V;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
  /** None without it. */
  readonly headers?: Iterable<Header>;
}

/**
 * A record as a processor gets it. Never changed: `with…` answers a changed copy.
 *
 * @source Kafka Streams `org.apache.kafka.streams.processor.api.Record`
 * @example
 * const record = new ProcessorRecord({ key: "a", value: 1, timestampMs: 5 });
 * record.withValue("one").withTimestamp(6).timestampMs; // 6
 */
export class ProcessorRecord<K, V> implements RecordParts<K, V> {
  readonly key: K;
  readonly value: V;
  readonly timestampMs: number;
  readonly headers: RecordHeaders;

  constructor({ key, value, timestampMs, headers }: RecordParts<K, V>) {
    this.key = key;
    this.value = value;
    this.timestampMs = timestampMs;
    this.headers = RecordHeaders.of(headers);
  }

  /** With another key. */
  withKey<K2>(key: K2): ProcessorRecord<K2, V> {
    return new ProcessorRecord({ ...this, key });
  }

  /** With another value. */
  withValue<V2>(value: V2): ProcessorRecord<K, V2> {
    return new ProcessorRecord({ ...this, value });
  }

  /** With another timestamp, in milliseconds since the epoch. */
  withTimestamp(timestampMs: number): ProcessorRecord<K, V> {
    return new ProcessorRecord({ ...this, timestampMs });
  }

  /** With other headers. */
  withHeaders(headers: Iterable<Header>): ProcessorRecord<K, V> {
    return new ProcessorRecord({ ...this, headers });
  }
}
