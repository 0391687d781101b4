import { KeyedRows } from "./keyed-rows.ts";

/**
 * A key-value store of a processor.
 *
 * @source Kafka Streams `KeyValueStore`
 * @example
 * const last = Stores.keyValue("last", { key: string(), value: string() });
 * words.process((context: ProcessorContext<string, string>) => {
 *   const store = context.getStateStore(last);
 *   return {
 *     process: (record) => {
 *       if (store.get(record.key) !== record.value) context.forward(record);
 *       store.put(record.key, record.value);
 *     },
 *   };
 * }, { stores: [last] });
 */
export class KeyValueStore<K, V> extends KeyedRows<K, V> {
  put(key: K, value: V | null): void {
    this.putRow(key, value, this.time());
  }

  protected read(value: unknown): V {
    return value as V;
  }
}
