import { ByteSink } from "../core/byte-sink.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { Cursor } from "../topology/cursor.ts";
import type { Operator, OperatorContext } from "../topology/operator.ts";
import { touchesOwnKey } from "./keyed-store.ts";
import type { ProcessingContext } from "./processing-context.ts";
import type { TableRows } from "./table-rows.ts";
import type { TableSourceProps } from "./table-source.ts";
import { type Closeable, UserCode } from "./user-code.ts";

/** User code that computes the rows of a table, with stores and a context. @source Kafka Streams `ValueTransformerWithKey` */
export interface ValueTransformerWithKey<K, V, V2> extends Closeable {
  /** Gets null for a row that was deleted; a null result deletes the row. */
  transform(key: K, value: V | null): V2;
}

/** Makes the transformer of a task, as `ProcessorSupplier` does. @source Kafka Streams `ValueTransformerWithKeySupplier` */
export type ValueTransformerWithKeySupplier<K, V, V2> = (
  context: ProcessingContext,
) => ValueTransformerWithKey<K, V, V2>;

/** A supplier as operators call it. */
export type AnyTransformerSupplier = ValueTransformerWithKeySupplier<unknown, unknown, unknown>;

/** What `tableTransformValues` needs. */
export interface TableTransformValuesProps extends TableSourceProps {
  readonly supplier: AnyTransformerSupplier;
}

/**
 * Computes the new and, where somebody asks and nothing is kept, the old value of a change with a user's transformer, which sees
 * deletions too.
 *
 * @source Kafka Streams `KTableTransformValues`
 * @example
 * tableTransformValues({
 *   supplier: () => ({ transform: (key, value) => value ?? `no ${key}` }), kept: undefined, sendsOldValues: false,
 * });
 */
export function tableTransformValues({ supplier, kept, sendsOldValues }: TableTransformValuesProps): Operator {
  const touches = kept && sendsOldValues ? touchesOwnKey(kept) : undefined;
  return Object.freeze<Operator>({
    kind: "table-transform-values",
    forwardsRows: kept !== undefined,
    ...(touches && { touches }),
    create: (context) => {
      const transformer = new Transformer(supplier, context);
      const store = kept === undefined ? undefined : context.store<KeyValueStore>(kept.store);
      const scratch = new ByteSink(64);
      return (cursor) => {
        const { key, value, oldValue } = cursor;
        const after = transformer.ofRecord(cursor, key, value);
        let before: unknown = null;
        if (store !== undefined && kept !== undefined) {
          const keyText = cursor.keyText(kept.keySerde, scratch);
          if (sendsOldValues) before = store.get(keyText)?.value ?? null;
          store.put(keyText, after, cursor.timestampMs);
        } else if (sendsOldValues) before = transformer.ofRecord(cursor, key, oldValue);
        if (sendsOldValues) cursor.setChange(after, before);
        else cursor.setValue(after);
        context.next(cursor);
      };
    },
  });
}

/**
 * Rows that a user's transformer computes when they are read, from rows that may be absent. Every node that reads them has a
 * transformer of its own.
 *
 * @param stores Those that the transformer uses.
 * @source Kafka Streams `KTableTransformValuesGetter`
 */
export function transformedRows(
  rows: TableRows,
  supplier: AnyTransformerSupplier,
  stores: readonly string[],
): TableRows {
  return {
    stores: [...new Set([...rows.stores, ...stores])],
    open: (context) => {
      const read = rows.open(context);
      const transformer = new Transformer(supplier, context);
      return (keyText, holder) => {
        const row = read(keyText, holder);
        const timestampMs = row?.timestampMs ?? -1;
        const value = transformer.ofRow(holder.key, row?.value, timestampMs);
        return value === null ? undefined : { value, timestampMs };
      };
    },
  };
}

/** A transformer in the world of its node. */
class Transformer {
  private readonly code: UserCode<ValueTransformerWithKey<unknown, unknown, unknown>>;

  constructor(supplier: AnyTransformerSupplier, context: OperatorContext) {
    this.code = new UserCode(context, supplier);
  }

  ofRecord(cursor: Cursor, key: unknown, value: unknown): unknown {
    this.code.scope.enter(cursor, cursor.timestampMs);
    return this.transform(key, value);
  }

  ofRow(key: unknown, value: unknown, timestampMs: number): unknown {
    this.code.scope.enter(undefined, timestampMs);
    return this.transform(key, value);
  }

  private transform(key: unknown, value: unknown): unknown {
    const { current, scope } = this.code;
    try {
      return current.transform(key, value ?? null) ?? null;
    } finally {
      scope.leave();
    }
  }
}
