import type { Cursor } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";
import type { ProcessorContext } from "./processing-context.ts";
import { ProcessorRecord } from "./processor-record.ts";
import { UserCode } from "./user-code.ts";

/** User code that gets records one by one. @source Kafka Streams `org.apache.kafka.streams.processor.api.Processor` */
export interface Processor<K, V> {
  process(record: ProcessorRecord<K, V>): void;
  /** Called when the task ends, and before another processor takes over after an abort. */
  close?(): void;
}

/**
 * Makes the processor of a task: what `init` does in Kafka Streams happens here. It is called when the stores are restored,
 * and again after an aborted transaction, so state in memory never outlives what was rolled back.
 *
 * @source Kafka Streams `ProcessorSupplier`
 */
export type ProcessorSupplier<K, V, K2, V2> = (context: ProcessorContext<K2, V2>) => Processor<K, V>;

/**
 * Runs a user's processor: it forwards what it wants, when it wants.
 *
 * @source Kafka Streams `KStream.process`
 * @example
 * processor((context: ProcessorContext<string, string>) => ({
 *   process: (record: ProcessorRecord<string, string>) => context.forward(record.withHeaders(record.headers.remove("trace"))),
 * }));
 */
export function processor<K, V, K2, V2>(supplier: ProcessorSupplier<K, V, K2, V2>): Operator {
  return Object.freeze<Operator>({
    kind: "processor",
    create: (operator) => {
      const code = new UserCode(operator, supplier);
      const run = (record: ProcessorRecord<K, V>): void => code.current.process(record);
      return (cursor) => code.scope.run(cursor, run, recordOf<K, V>(cursor));
    },
  });
}

function recordOf<K, V>({ key, value, timestampMs, headers }: Cursor): ProcessorRecord<K, V> {
  return new ProcessorRecord<K, V>({ key: key as K, value: value as V, timestampMs, headers });
}
