import { ByteSink } from "../core/byte-sink.ts";
import type { Header } from "../records/reader.ts";
import type { Serde } from "../serde/serde.ts";
import type { LogRecord } from "./driver-log.ts";

/** What a record has beside key and value. */
export interface PipeOptions {
  /** Event time; that of the record before on this topic, or 0. */
  readonly timestampMs?: number;
  readonly headers?: readonly Header[];
}

/** What an input topic is made of. */
export interface TestInputProps<K, V> {
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  readonly pipe: (record: Omit<LogRecord, "topic" | "offset">) => void;
}

/** A source topic of a `TopologyTestDriver`. */
export class TestInputTopic<K, V> {
  private readonly props: TestInputProps<K, V>;
  private readonly sink = new ByteSink();
  private timestampMs = 0;

  /** @internal Made by `TopologyTestDriver.createInputTopic`. */
  constructor(props: TestInputProps<K, V>) {
    this.props = props;
  }

  /**
   * Writes a record, and runs everything that follows from it.
   *
   * @throws {StreamError} what the application would fail with
   * @example
   * const words = new TopologyTestDriver(app).createInputTopic<string, string>("words");
   * words.pipeInput("a", "word", { timestampMs: 5 });
   */
  pipeInput(key: K | null, value: V | null, options: PipeOptions = {}): void {
    const { keySerde, valueSerde } = this.props;
    this.pipeBytes(this.bytes(keySerde, key), this.bytes(valueSerde, value), options);
  }

  /**
   * As `pipeInput`, with bytes: for records that the serdes cannot read.
   *
   * @example
   * const words = new TopologyTestDriver(app).createInputTopic("words");
   * words.pipeBytes(null, Buffer.from([0xff]));
   */
  pipeBytes(key: Uint8Array | null, value: Uint8Array | null, options: PipeOptions = {}): void {
    this.timestampMs = options.timestampMs ?? this.timestampMs;
    const part = (bytes: Uint8Array | null): Buffer | null => bytes && Buffer.from(bytes);
    const { headers = [] } = options;
    this.props.pipe({ key: part(key), value: part(value), timestampMs: this.timestampMs, headers });
  }

  private bytes<T>(serde: Serde<T>, value: T | null): Buffer | null {
    if (value === null || value === undefined) return null;
    this.sink.reset();
    serde.write(value, this.sink);
    // A copy: key and value are written with the same sink.
    return Buffer.from(this.sink.view());
  }
}
