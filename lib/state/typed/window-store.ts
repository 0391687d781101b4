import { WindowRows } from "./window-rows.ts";

/**
 * A window store of a processor: one value per key and window start.
 *
 * @source Kafka Streams `WindowStore`
 * @example
 * const events = Stores.window("events", { key: string(), value: string(), windowSize: "1s", retention: "1h" });
 * words.process((context: ProcessorContext<string, string>) => {
 *   const store = context.getStateStore(events);
 *   return {
 *     process: ({ key, value, timestampMs }) => {
 *       store.put(key, value, timestampMs);
 *       for (const [startMs, word] of store.fetch(key, timestampMs - 1_000, timestampMs)) seen.push(startMs, word);
 *     },
 *   };
 * }, { stores: [events] });
 */
export class WindowStore<K, V> extends WindowRows<K, V> {
  put(key: K, value: V | null, windowStartMs: number): void {
    this.rows.put(this.keys.of(key), windowStartMs, value, this.time());
  }

  protected read(value: unknown): V {
    return value as V;
  }
}
