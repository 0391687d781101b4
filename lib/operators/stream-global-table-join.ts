import { ByteSink } from "../core/byte-sink.ts";
import type { Serde } from "../serde/serde.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";
import { ofRecord } from "./arity.ts";
import type { AnyJoiner } from "./value-joiner.ts";
import { joinFrom } from "./value-joiner.ts";

/** What `streamGlobalTableJoin` needs. */
export interface StreamGlobalTableJoinProps {
  /** Name of the global store. */
  readonly globalStore: string;
  /** Serde of the global table's keys. */
  readonly keySerde: Serde<unknown>;
  /** Chooses the row's key; a null one finds no row. */
  readonly keySelector: (key: unknown, value: unknown) => unknown;
  readonly joiner: AnyJoiner;
  /** True: a record without a row is joined with null. */
  readonly left: boolean;
}

/**
 * Joins every record of a stream with the row of a global table under a key that is computed from the record. Key, timestamp
 * and headers of the record stay. Null values are dropped; a null row key is dropped unless the join is a left one.
 *
 * @source Kafka Streams `KStreamGlobalKTableJoin`, `KStreamKTableJoinProcessor`
 * @example
 * streamGlobalTableJoin({
 *   globalStore: "users", keySerde: string(), keySelector: (page, user) => user, joiner: (click, user) => user, left: false,
 * });
 */
export function streamGlobalTableJoin(props: StreamGlobalTableJoinProps): Operator {
  const { globalStore: name, keySerde, keySelector, joiner, left } = props;
  const rowKeyOf = ofRecord(keySelector);
  const join = joinFrom("left", joiner);
  return Object.freeze<Operator>({
    kind: "stream-global-table-join",
    create: ({ next, globalStore, dropped }) => {
      const store = globalStore<KeyValueStore>(name);
      const scratch = new ByteSink(64);
      const find = (rowKey: unknown): unknown => {
        scratch.reset();
        keySerde.write(rowKey, scratch);
        return store.get(scratch.bytes.latin1Slice(0, scratch.length))?.value ?? null;
      };
      return (cursor) => {
        if (cursor.valueIsNull) return dropped("null-value");
        const rowKey = rowKeyOf(cursor) ?? null;
        if (rowKey === null && !left) return dropped("null-key");
        const right = rowKey === null ? null : find(rowKey);
        if (right === null && !left) return;
        cursor.setValue(join(cursor.value, right, cursor));
        next(cursor);
      };
    },
  });
}
