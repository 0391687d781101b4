import type { Header } from "../records/reader.ts";
import type { Serde } from "../serde/serde.ts";
import type { LogRecord } from "./driver-log.ts";

/** A record that an application wrote. */
export interface TestRecord<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  readonly timestampMs: number;
  readonly headers: readonly Header[];
}

/** What an output topic is made of. */
export interface TestOutputProps<K, V> {
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  /** Grows while the application runs. */
  readonly records: readonly LogRecord[];
}

/** A sink topic of a `TopologyTestDriver`: a queue of what was written and not read yet. */
export class TestOutputTopic<K, V> {
  private readonly props: TestOutputProps<K, V>;
  private nextIndex = 0;

  /** @internal Made by `TopologyTestDriver.createOutputTopic`. */
  constructor(props: TestOutputProps<K, V>) {
    this.props = props;
  }

  /** Whether everything was read. */
  get isEmpty(): boolean {
    return this.nextIndex >= this.props.records.length;
  }

  /**
   * The next record, or undefined when everything was read.
   *
   * @example
   * const counts = new TopologyTestDriver(app).createOutputTopic<string, number>("counts");
   * counts.readRecord(); // undefined
   */
  readRecord(): TestRecord<K, V> | undefined {
    const record = this.props.records[this.nextIndex];
    if (record === undefined) return undefined;
    this.nextIndex++;
    const { keySerde, valueSerde } = this.props;
    const { key, value, timestampMs, headers } = record;
    return {
      key: key && keySerde.read(key, 0, key.length),
      value: value && valueSerde.read(value, 0, value.length),
      timestampMs,
      headers,
    };
  }

  /**
   * Every record that was not read yet.
   *
   * @example
   * const counts = new TopologyTestDriver(app).createOutputTopic<string, number>("counts");
   * counts.readRecords(); // []
   */
  readRecords(): readonly TestRecord<K, V>[] {
    const records: TestRecord<K, V>[] = [];
    for (let record = this.readRecord(); record !== undefined; record = this.readRecord()) records.push(record);
    return records;
  }
}
