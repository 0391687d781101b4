import { StreamError } from "../core/errors.ts";
import { joinedRows } from "../operators/joined-rows.ts";
import { passThrough } from "../operators/pass-through.ts";
import { tableMerge } from "../operators/table-merge.ts";
import { storedRows } from "../operators/table-rows.ts";
import type { TableTableJoinProps } from "../operators/table-table-join.ts";
import { tableTableJoin } from "../operators/table-table-join.ts";
import type { AnyJoiner } from "../operators/value-joiner.ts";
import type { Serde } from "../serde/serde.ts";
import type { StoreOptions } from "./grouped-stream.ts";
import { namedStore } from "./kept-store.ts";
import { OldValues } from "./old-values.ts";
import { prefixes } from "./prefixes.ts";
import { given, needed, replaced, withoutValue } from "./serdes.ts";
import { checkSameGraph } from "./stream-table-join.ts";
import type { TableProps } from "./table.ts";

/** What the three joins of tables share. */
export interface TablesJoin {
  readonly call: "join" | "leftJoin" | "outerJoin";
  readonly other: TableProps;
  readonly joiner: unknown;
  /** A serde or schema of the results may be in it. */
  readonly options: StoreOptions;
}

/**
 * Adds the join of two tables by key: a node per side, which reads the rows of the other, and one that merges them.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID` for a table of another builder, or one whose keys have other bytes
 * @source Kafka Streams `KTableImpl.doJoin`, `KTableKTableJoinNode`
 */
export function joinTables(left: TableProps, { call, other: right, joiner, options }: TablesJoin): TableProps {
  checkSameGraph(left, right, call);
  const { graph } = left;
  const node = graph.nodeName(prefixes.tableMerge, options.name);
  const keySerde = commonKeySerde(left, right, node);
  if (call !== "join") left.oldValues.ask(true);
  if (call === "outerJoin") right.oldValues.ask(true);
  const oldValues = new OldValues(() => [left, right].every((side) => side.oldValues.ask(true)));
  const leftNode = graph.nodeName(prefixes.joinThis, options.name && `${options.name}-join-this`);
  const rightNode = graph.nodeName(prefixes.joinOther, options.name && `${options.name}-join-other`);
  const forward = joiner as AnyJoiner;
  const needs = { needsLeft: call !== "outerJoin", needsRight: call === "join" };
  const [leftRows, rightRows] = [left.rows("newest"), right.rows("newest")];
  const common = { keySerde, oldValues, joiner: forward };
  addSide(leftNode, left, {
    ...common,
    after: right.node,
    side: "left",
    other: rightRows,
    needsOwn: needs.needsLeft,
    needsOther: needs.needsRight,
  });
  addSide(rightNode, right, {
    ...common,
    after: left.node,
    side: "right",
    other: leftRows,
    needsOwn: needs.needsRight,
    needsOther: needs.needsLeft,
  });
  const serdes = replaced(withoutValue(left.serdes, node), { value: given(options).value });
  const store = namedStore(node, options, serdes);
  const sourceKeyed = left.sourceKeyed && right.sourceKeyed;
  const operator = store === undefined ? passThrough : tableMerge({ store: store.name, keySerde, sourceKeyed });
  graph.addProcessor({ name: node, parents: [leftNode, rightNode], resolve: () => ({ operator, store }) });
  const sources = [...new Set([...left.sources, ...right.sources])];
  graph.addCopartitionGroup(sources);
  const rows = () =>
    store === undefined ? joinedRows(leftRows, rightRows, { ...needs, joiner: forward }) : storedRows(store.name);
  return { graph, node, sources, serdes, oldValues, rows, sourceKeyed, closeDelayMs: closeDelay(left, right) };
}

/** A joined window is closed when it is in both tables; undefined when one of them has no windows. */
function closeDelay({ closeDelayMs: left }: TableProps, { closeDelayMs: right }: TableProps): number | undefined {
  return left === undefined || right === undefined ? undefined : Math.max(left, right);
}

/** What the node of one side needs, apart from what follows from its table. */
interface JoinSide extends Omit<TableTableJoinProps, "sendsOldValues" | "sourceKeyed" | "newestOnly"> {
  readonly oldValues: OldValues;
  /** The node of the other table. */
  readonly after: string;
}

function addSide(name: string, table: TableProps, { oldValues, after, ...side }: JoinSide): void {
  const { graph, node, sourceKeyed } = table;
  const newestOnly = table.historyRetentionMs !== undefined;
  graph.addProcessor({
    name,
    parents: [node],
    after: [after],
    resolve: () => ({
      operator: tableTableJoin({ ...side, sourceKeyed, newestOnly, sendsOldValues: oldValues.sent }),
      reads: side.other.stores,
    }),
  });
}

/** Rows meet when their keys have the same bytes. */
function commonKeySerde(left: TableProps, right: TableProps, node: string): Serde<unknown> {
  const [ours, theirs] = [left, right].map(({ serdes }) =>
    needed(serdes, "key", { node, fix: "a key serde to the table it reads" }),
  ) as [Serde<unknown>, Serde<unknown>];
  if (ours.id === theirs.id) return ours;
  throw new StreamError(
    "TOPOLOGY_INVALID",
    `${node} joins keys of ${ours.id} with keys of ${theirs.id}: rows meet when their keys have the same bytes, use one serde`,
    { details: { node, left: ours.id, right: theirs.id } },
  );
}
