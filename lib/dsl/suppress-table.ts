import { StreamError } from "../core/errors.ts";
import { suppress } from "../operators/suppress.ts";
import { suppressedRows } from "../operators/suppressed-rows.ts";
import { bufferedChange } from "../state/buffered-change.ts";
import type { StoreSpec } from "../state/store.ts";
import { OldValues } from "./old-values.ts";
import { prefixes } from "./prefixes.ts";
import { needed } from "./serdes.ts";
import type { Suppression } from "./suppressed.ts";
import type { TableProps } from "./table.ts";

/**
 * Adds a node that holds back changes of a table, and its buffer.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID` without a key or value serde, when the grace of the windows is not known, or for a table
 *   with history
 * @source Kafka Streams `KTableImpl.suppress`, `GraphGraceSearchUtil`
 */
export function suppressTable<K>(table: TableProps, suppressed: Suppression<K>): TableProps {
  const { graph, node: parent, serdes, sourceKeyed } = table;
  const { waitsBy, maxRecords, maxBytes, whenFull, name } = suppressed;
  const node = graph.nodeName(prefixes.suppress, name);
  const store = name === undefined ? graph.storeName(prefixes.suppress) : `${name}-store`;
  const keySerde = needed(serdes, "key", { node, fix: "a key serde to the table it comes from" });
  const valueSerde = needed(serdes, "value", { node, fix: "a value serde to the table it comes from" });
  const waitMs = suppressed.waitMs ?? table.closeDelayMs;
  if (waitMs === undefined) {
    throw new StreamError(
      "TOPOLOGY_INVALID",
      `${node} waits until windows close, and the grace of its windows is not known: suppress the table of the windowed aggregation, or use untilTimeLimit`,
      { details: { node } },
    );
  }
  if (table.historyRetentionMs !== undefined) {
    throw new StreamError(
      "TOPOLOGY_INVALID",
      `${node} would hold back versions of a table with history: suppress a table that is computed from it, or keep it without history`,
      { details: { node } },
    );
  }
  // A buffer tells what was emitted last only if it has seen the value before.
  table.oldValues.ask(true);
  const oldValues = new OldValues(() => true);
  const spec: StoreSpec = {
    name: store,
    type: "suppressBuffer",
    keySerde,
    valueSerde: bufferedChange(valueSerde),
    logged: true,
  };
  const kept = { store, keySerde, sourceKeyed, valueSerde, waitsBy, waitMs, maxRecords, maxBytes, whenFull };
  graph.addProcessor({
    name: node,
    parents: [parent],
    resolve: () => ({ operator: suppress({ ...kept, sendsOldValues: oldValues.sent }), store: spec }),
  });
  return { ...table, node, oldValues, rows: (at) => suppressedRows(store, valueSerde, table.rows(at)) };
}
