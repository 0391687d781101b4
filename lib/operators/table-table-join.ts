import { isAbsent } from "../core/absent.ts";
import { ByteSink } from "../core/byte-sink.ts";
import type { Serde } from "../serde/serde.ts";
import type { Cursor } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";
import type { TableRows } from "./table-rows.ts";
import type { AnyJoiner } from "./value-joiner.ts";
import { joinFrom } from "./value-joiner.ts";

/** What `tableTableJoin` needs. */
export interface TableTableJoinProps {
  /** The rows of the other table. */
  readonly other: TableRows;
  readonly keySerde: Serde<unknown>;
  readonly side: "left" | "right";
  readonly joiner: AnyJoiner;
  /** True: there is no result without an own row. */
  readonly needsOwn: boolean;
  /** True: there is no result without a row of the other table. */
  readonly needsOther: boolean;
  readonly sendsOldValues: boolean;
  /** True for a table with history: versions that come out of order change no result. */
  readonly newestOnly?: boolean | undefined;
  /** True when changes still have the key bytes of their source. */
  readonly sourceKeyed: boolean;
}

/**
 * Joins the changes of one table with the rows that the other has for their keys at that moment. A deletion is forwarded even
 * if there never was a result. The timestamp is the larger of both rows.
 *
 * @source Kafka Streams `KTableKTableInnerJoin`, `KTableKTableLeftJoin`, `KTableKTableRightJoin`, `KTableKTableOuterJoin`
 * @example
 * tableTableJoin({
 *   side: "left", other: storedRows("users"), keySerde: string(), joiner: (cart, user) => ({ cart, user }),
 *   needsOwn: true, needsOther: true, sendsOldValues: false, sourceKeyed: true,
 * });
 */
export function tableTableJoin(props: TableTableJoinProps): Operator {
  const { side, other, keySerde, joiner, needsOwn, needsOther, sendsOldValues, sourceKeyed } = props;
  const joined = joinFrom(side, joiner);
  const join = (own: unknown, theirs: unknown, cursor: Cursor): unknown => {
    const nothing = isAbsent(own) && (needsOwn || theirs === null);
    return nothing ? null : (joined(own ?? null, theirs, cursor) ?? null);
  };
  return Object.freeze<Operator>({
    kind: "table-table-join",
    ...(sourceKeyed && other.touches && { touches: other.touches }),
    create: (context) => {
      const { next, dropped } = context;
      const read = other.open(context);
      const scratch = new ByteSink(64);
      return (cursor) => {
        if (props.newestOnly === true && !cursor.isNewest) return dropped("out-of-order");
        const { value, oldValue } = cursor;
        const row = read(cursor.keyText(keySerde, scratch), cursor);
        if (row === undefined && (needsOther || (isAbsent(value) && isAbsent(oldValue)))) return;
        const theirs = row === undefined ? null : row.value;
        if (row !== undefined && row.timestampMs > cursor.timestampMs) cursor.timestampMs = row.timestampMs;
        const after = join(value, theirs, cursor);
        if (sendsOldValues) cursor.setChange(after, join(oldValue, theirs, cursor));
        else cursor.setValue(after);
        next(cursor);
      };
    },
  });
}
