import type { Operator } from "../topology/operator.ts";
import { FixedKeyRecord } from "./fixed-key-record.ts";
import type { FixedKeyProcessorContext } from "./processing-context.ts";
import { processor } from "./processor.ts";

/** User code that gets records one by one and keeps their keys. @source Kafka Streams `FixedKeyProcessor` */
export interface FixedKeyProcessor<K, V> {
  process(record: FixedKeyRecord<K, V>): void;
  /** As in `Processor`. */
  close?(): void;
}

/** Makes the processor of a task, as `ProcessorSupplier` does. @source Kafka Streams `FixedKeyProcessorSupplier` */
export type FixedKeyProcessorSupplier<K, V, V2> = (context: FixedKeyProcessorContext<K, V2>) => FixedKeyProcessor<K, V>;

/**
 * Runs a user's processor that cannot change keys: records keep their partition.
 *
 * @source Kafka Streams `KStream.processValues`
 * @example
 * fixedKeyProcessor((context: FixedKeyProcessorContext<string, number>) => ({
 *   process: (record: FixedKeyRecord<string, string>) => context.forward(record.withValue(record.value.length)),
 * }));
 */
export function fixedKeyProcessor<K, V, V2>(supplier: FixedKeyProcessorSupplier<K, V, V2>): Operator {
  const operator = processor<K, V, K, V2>((context) => {
    const running = supplier(context);
    return {
      process: (record) => running.process(FixedKeyRecord.of(record)),
      close: () => running.close?.(),
    };
  });
  return Object.freeze<Operator>({ ...operator, kind: "fixed-key-processor" });
}
