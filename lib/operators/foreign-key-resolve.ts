import { ByteSink } from "../core/byte-sink.ts";
import type { ForeignAnswer } from "../serde/foreign-key.ts";
import type { Serde } from "../serde/serde.ts";
import type { Operator } from "../topology/operator.ts";
import { rowHash } from "./row-hash.ts";
import type { TableRows } from "./table-rows.ts";
import type { AnyJoiner } from "./value-joiner.ts";
import { joinFrom } from "./value-joiner.ts";

/** What `foreignKeyResolve` needs. */
export interface ForeignKeyResolveProps {
  /** Rows of the table that asked. */
  readonly rows: TableRows;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly joiner: AnyJoiner;
  /** True: a row without a foreign one is joined with null. */
  readonly left: boolean;
}

/**
 * Joins an answer with the row that asked. An answer to what the row was before is dropped: another one is on its way.
 *
 * @source Kafka Streams `ResponseJoinProcessorSupplier`
 * @example
 * foreignKeyResolve({
 *   rows: storedRows("carts"), keySerde: string(), valueSerde: json(), joiner: (cart, user) => ({ cart, user }), left: false,
 * });
 */
export function foreignKeyResolve({ rows, keySerde, valueSerde, joiner, left }: ForeignKeyResolveProps): Operator {
  const join = joinFrom("left", joiner);
  return Object.freeze<Operator>({
    kind: "foreign-key-resolve",
    ...(rows.touches && { touches: rows.touches }),
    create: (context) => {
      const { next, dropped } = context;
      const read = rows.open(context);
      const scratch = new ByteSink(64);
      const hashOf = rowHash(valueSerde);
      return (cursor) => {
        const { hash, value: foreign } = cursor.value as ForeignAnswer;
        const row = read(cursor.keyText(keySerde, scratch), cursor);
        if (hash !== (row === undefined ? null : hashOf(row.value))) return dropped("stale");
        const joined = row !== undefined && (left || foreign !== null);
        cursor.setValue(joined ? (join(row.value, foreign, cursor) ?? null) : null);
        next(cursor);
      };
    },
  });
}
