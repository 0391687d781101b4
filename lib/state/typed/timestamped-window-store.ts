import type { ValueAndTimestamp } from "./state-store.ts";
import { WindowRows } from "./window-rows.ts";

/**
 * A window store whose rows have timestamps: those of windowed aggregations, and of processors that declare one.
 *
 * @source Kafka Streams `TimestampedWindowStore`
 * @example
 * clicks.process((context: ProcessorContext<string, number>) => {
 *   const counts = context.getStateStore<TimestampedWindowStore<string, number>>("clicks-per-minute");
 *   return {
 *     process: (record) => {
 *       for (const [, { value }] of counts.backwardFetch(record.key, 0, record.timestampMs)) context.forward(record.withValue(value));
 *     },
 *   };
 * }, { stores: ["clicks-per-minute"] });
 */
export class TimestampedWindowStore<K, V> extends WindowRows<K, ValueAndTimestamp<V>> {
  put(key: K, value: ValueAndTimestamp<V> | null, windowStartMs: number): void {
    this.rows.put(this.keys.of(key), windowStartMs, value?.value, value?.timestampMs ?? this.time());
  }

  protected read(value: unknown, timestampMs: number): ValueAndTimestamp<V> {
    return { value: value as V, timestampMs };
  }
}
