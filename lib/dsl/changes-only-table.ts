import { changesOnly } from "../operators/changes-only.ts";
import { keyedTableStore, sessionTableStore, windowedTableStore } from "../operators/table-store.ts";
import type { StoreSpec } from "../state/store.ts";
import type { StoreOptions } from "./grouped-stream.ts";
import { OldValues } from "./old-values.ts";
import { prefixes } from "./prefixes.ts";
import { given, needed, replaced } from "./serdes.ts";
import type { TableProps } from "./table.ts";

/** Tables by the type of the store that holds what was forwarded last. */
const stores = {
  timestampedKeyValue: keyedTableStore,
  timestampedWindow: windowedTableStore,
  session: sessionTableStore,
} as const;

/**
 * Adds a node that forwards a change only if the value has other bytes than before, and the store that it knows this from.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID` without a key or value serde
 */
export function changesOnlyTable(table: TableProps, options: StoreOptions): TableProps {
  const { graph, node: parent, windows } = table;
  const { name, store: named, logged = true } = options;
  const serdes = replaced(table.serdes, { value: given(options).value });
  const store = named ?? graph.storeName(prefixes.changesOnly);
  const node = graph.nodeName(prefixes.changesOnly, name);
  const keySerde = needed(serdes, "key", { node, fix: "a key serde to the table it comes from" });
  const valueSerde = needed(serdes, "value", { node, fix: "changesOnly({ value })" });
  const type = windows?.type ?? "timestampedKeyValue";
  const kept = stores[type](store);
  // Windowed stores add the window to the key by themselves.
  const spec: StoreSpec = {
    ...windows,
    name: store,
    type,
    logged,
    valueSerde,
    keySerde: windows?.keySerde ?? keySerde,
  };
  const oldValues = new OldValues(() => true);
  graph.addProcessor({
    name: node,
    parents: [parent],
    resolve: () => ({
      operator: changesOnly({ kept, keySerde, valueSerde, sendsOldValues: oldValues.sent }),
      store: spec,
    }),
  });
  return { ...table, node, serdes, oldValues, rows: () => kept.rows, historyRetentionMs: undefined };
}
