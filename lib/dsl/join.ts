import type { JoinWindows } from "./join-windows.ts";
import type { StreamProps } from "./stream.ts";
import type { StreamJoin, StreamJoinedOptions } from "./stream-stream-join.ts";
import { joinStreams } from "./stream-stream-join.ts";
import type { JoinedOptions } from "./stream-table-join.ts";
import { joinWithTable } from "./stream-table-join.ts";
import type { TableProps } from "./table.ts";

/** What a stream can be joined with. */
export type AnyJoined = { readonly props: StreamProps } | { readonly props: TableProps };

/** One call of a join, as the compiler has checked it. */
export interface JoinCall {
  readonly kind: StreamJoin["kind"];
  readonly other: AnyJoined;
  readonly joiner: unknown;
  /** What follows the joiner: options, for streams windows before them. */
  readonly rest: readonly unknown[];
}

/** Adds the join that a call asks for. */
export function joinWith(stream: StreamProps, { kind, other, joiner, rest }: JoinCall): StreamProps {
  const { props } = other;
  if (isStream(props)) {
    const [windows, options = {}] = rest as [JoinWindows, StreamJoinedOptions<unknown, unknown, unknown>?];
    return joinStreams(stream, { kind, other: props, joiner, windows, options });
  }
  const [options = {}] = rest as [JoinedOptions<unknown, unknown>?];
  return joinWithTable(stream, { table: props, joiner, left: kind === "leftJoin", options });
}

/** Tables have rows, streams have none. */
function isStream(props: StreamProps | TableProps): props is StreamProps {
  return !("rows" in props);
}
