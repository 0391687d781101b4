import { ByteSink } from "../core/byte-sink.ts";
import type { Serde } from "../serde/serde.ts";
import type { Operator, OperatorContext, Process } from "../topology/operator.ts";
import type { TableRows } from "./table-rows.ts";
import type { AnyJoiner } from "./value-joiner.ts";
import { joinFrom } from "./value-joiner.ts";

/** What `streamTableJoin` needs. */
export interface StreamTableJoinProps {
  readonly rows: TableRows;
  /** Serde of the table's keys. */
  readonly keySerde: Serde<unknown>;
  readonly joiner: AnyJoiner;
  /** True: a record without a row is joined with null, also one without a key. */
  readonly left: boolean;
  /** True when records still have the key bytes of their source. */
  readonly sourceKeyed: boolean;
}

/**
 * Joins every record of a stream with the row that the table has for its key at that moment. Key, timestamp and headers of
 * the record stay. Null values are dropped, and so are null keys unless the join is a left one.
 *
 * @source Kafka Streams `KStreamKTableJoinProcessor`
 * @example
 * streamTableJoin({
 *   rows: storedRows("users"), keySerde: string(), joiner: (order, user) => ({ order, user }), left: false, sourceKeyed: true,
 * });
 */
export function streamTableJoin(props: StreamTableJoinProps): Operator {
  const { rows, sourceKeyed } = props;
  return Object.freeze<Operator>({
    kind: "stream-table-join",
    ...(sourceKeyed && rows.touches && { touches: rows.touches }),
    create: (context) => joinable(props, context, joinWithRow(props, context)),
  });
}

/** Lets through what can be joined: records with a value and, unless the join is a left one, with a key. */
export function joinable(
  { left }: Pick<StreamTableJoinProps, "left">,
  { dropped }: Pick<OperatorContext, "dropped">,
  process: Process,
): Process {
  return (cursor) => {
    if (!left && cursor.keyIsNull) return dropped("null-key");
    if (cursor.valueIsNull) return dropped("null-value");
    process(cursor);
  };
}

/** Forwards a record with its row, or with none if the join is a left one. */
export function joinWithRow({ rows, keySerde, joiner, left }: StreamTableJoinProps, context: OperatorContext): Process {
  const { next } = context;
  const join = joinFrom("left", joiner);
  const read = rows.open(context);
  const scratch = new ByteSink(64);
  return (cursor) => {
    const row = cursor.keyIsNull ? undefined : read(cursor.keyText(keySerde, scratch), cursor);
    if (row === undefined && !left) return;
    const right = row === undefined ? null : row.value;
    cursor.setValue(join(cursor.value, right, cursor));
    next(cursor);
  };
}
