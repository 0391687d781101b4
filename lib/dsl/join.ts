import type { GlobalTableProps } from "./global-table.ts";
import { joinWithGlobalTable } from "./global-table.ts";
import type { JoinWindows } from "./join-windows.ts";
import type { Named, StreamProps } from "./stream.ts";
import type { StreamJoin, StreamJoinedOptions } from "./stream-stream-join.ts";
import { joinStreams } from "./stream-stream-join.ts";
import type { JoinedOptions } from "./stream-table-join.ts";
import { joinWithTable } from "./stream-table-join.ts";
import type { TableProps } from "./table.ts";

/** What a stream can be joined with. */
export type AnyJoined =
  | { readonly props: StreamProps }
  | { readonly props: TableProps }
  | { readonly props: GlobalTableProps };

/** One call of a join, as the compiler has checked it. */
export interface JoinCall {
  readonly kind: StreamJoin["kind"];
  readonly other: AnyJoined;
  /** What follows: for a global table the key selector first, the joiner, for a stream windows, options. */
  readonly rest: readonly unknown[];
}

/** Adds the join that a call asks for. */
export function joinWith(stream: StreamProps, { kind, other, rest }: JoinCall): StreamProps {
  const { props } = other;
  const left = kind === "leftJoin";
  if ("globalStore" in props) {
    const [keySelector, joiner, options = {}] = rest as [unknown, unknown, Named?];
    return joinWithGlobalTable(stream, { table: props, keySelector, joiner, left, options });
  }
  if ("rows" in props) {
    const [joiner, options = {}] = rest as [unknown, JoinedOptions<unknown, unknown>?];
    return joinWithTable(stream, { table: props, joiner, left, options });
  }
  const [joiner, windows, options = {}] = rest as [
    unknown,
    JoinWindows,
    StreamJoinedOptions<unknown, unknown, unknown>?,
  ];
  return joinStreams(stream, { kind, other: props, joiner, windows, options });
}
