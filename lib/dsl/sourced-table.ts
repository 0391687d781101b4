import type { Duration } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import type { KeyedStore } from "../operators/keyed-store.ts";
import { rowsAsOf, storedRows } from "../operators/table-rows.ts";
import { tableSource } from "../operators/table-source.ts";
import { versionedTableSource } from "../operators/versioned-table-source.ts";
import type { StoreSpec } from "../state/store.ts";
import type { Graph } from "./graph.ts";
import type { Build } from "./graph-node.ts";
import { rowStore } from "./kept-store.ts";
import { OldValues } from "./old-values.ts";
import { endingRows } from "./row-ttl.ts";
import type { KnownSerdes } from "./serdes.ts";
import { needed } from "./serdes.ts";
import type { ReadTime } from "./table.ts";
import { KTable } from "./table.ts";
import type { VersionedStoreName } from "./versioned-store.ts";

/** Where the rows of a table come from, and how they may be kept. */
export interface SourcedTable {
  readonly graph: Graph;
  readonly node: string;
  readonly parent: string;
  readonly sources: readonly string[];
  readonly serdes: KnownSerdes;
  /** What the store is called, if there is one. */
  readonly storeName: string;
  /** The name that the user gave, and so asked for a store, perhaps one with history. */
  readonly store: string | VersionedStoreName | undefined;
  readonly logged: boolean | undefined;
  readonly ttl: Duration | undefined;
  readonly sourceKeyed: boolean;
  /** The topic whose records are the rows, all from its first one on, as this build reads it; undefined where they are not. */
  readonly rowsTopic?: (build: Build) => string | undefined;
}

/**
 * Adds a table of records as they come: each is a new row. It is kept when the user named a store, or when an operator below
 * needs old values or rows, or when they end.
 *
 * @throws {StreamError} `CONFIG_INVALID` for a history whose rows are to end
 * @source Kafka Streams `KTableSource`
 */
export function sourcedTable<K, V>(options: SourcedTable): KTable<K, V> {
  const { graph, node, parent, sources, serdes, storeName, store, ttl, sourceKeyed } = options;
  const keySerde = needed(serdes, "key", { node, fix: "{ key }" });
  let kept = store !== undefined || ttl !== undefined;
  const oldValues = new OldValues((materialise) => {
    kept ||= materialise;
    return kept;
  });
  const historyRetentionMs = typeof store === "object" ? store.historyRetentionMs : undefined;
  const versioned = historyRetentionMs !== undefined;
  if (versioned && ttl !== undefined) {
    const what = `${node} keeps the history of its rows, which end when it does: leave ttl out, or name a store without history`;
    throw new StreamError("CONFIG_INVALID", what, { details: { node } });
  }
  const place: KeyedStore = { store: storeName, keySerde, sourceKeyed };
  graph.addProcessor({
    name: node,
    parents: [parent],
    resolve: (build) => ({
      operator: versioned
        ? versionedTableSource({ kept: place, sendsOldValues: oldValues.sent })
        : endingRows(
            tableSource({ kept: kept ? place : undefined, sendsOldValues: oldValues.sent }),
            { ttl },
            { kept: place, sendsOldValues: oldValues.sent },
          ),
      store: kept ? keptStore(options, build) : undefined,
    }),
  });
  const rows = (at: ReadTime) => {
    kept = true;
    return versioned && at === "record-time" ? rowsAsOf(storeName) : storedRows(storeName);
  };
  return new KTable<K, V>({
    graph,
    node,
    sources,
    serdes,
    oldValues,
    rows,
    historyRetentionMs,
    sourceKeyed,
  });
}

/** The store of a table, with a changelog of its own or that of its topic. */
function keptStore(options: SourcedTable, build: Build): StoreSpec {
  const { node, serdes, storeName, store, logged, ttl } = options;
  const keySerde = needed(serdes, "key", { node, fix: "{ key }" });
  const valueSerde = needed(serdes, "value", { node, fix: "{ value } to the call that makes this table" });
  const plain = rowStore(storeName, { keySerde, valueSerde, logged });
  const isReused = build.optimizations.has("reuse.ktable.source.topics") && ttl === undefined;
  const sourceTopic = isReused ? options.rowsTopic?.(build) : undefined;
  return {
    ...plain,
    ...(typeof store === "object" && { type: "versioned", historyRetentionMs: store.historyRetentionMs }),
    ...(sourceTopic !== undefined && { sourceTopic, logged: false }),
  };
}
