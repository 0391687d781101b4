import { KeyedRows } from "./keyed-rows.ts";
import type { ValueAndTimestamp } from "./state-store.ts";

/**
 * A key-value store whose rows have timestamps: those of tables and aggregations, and of processors that declare one.
 *
 * @source Kafka Streams `TimestampedKeyValueStore`
 * @example
 * clicks.process((context: ProcessorContext<string, string>) => {
 *   const counts = context.getStateStore<TimestampedKeyValueStore<string, number>>("clicks-per-page");
 *   return { process: (record) => context.forward(record.withValue(`${counts.get(record.key)?.value}`)) };
 * }, { stores: ["clicks-per-page"] });
 */
export class TimestampedKeyValueStore<K, V> extends KeyedRows<K, ValueAndTimestamp<V>> {
  put(key: K, value: ValueAndTimestamp<V> | null): void {
    this.putRow(key, value?.value, value?.timestampMs ?? this.time());
  }

  protected read(value: unknown, timestampMs: number): ValueAndTimestamp<V> {
    return { value: value as V, timestampMs };
  }
}
