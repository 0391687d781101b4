import type { StoreBuilder } from "../state/typed/state-store.ts";
import type { Graph } from "./graph.ts";

/** A node that uses stores which are not, or not only, its own. */
export interface Connected {
  /** Declared stores, or names of stores that `addStateStore` or another operator adds. */
  readonly stores?: readonly (StoreBuilder | string)[] | undefined;
}

/** Adds the declared stores to the graph. @returns the names of all of them. */
export function connectedStores(graph: Graph, stores: Connected["stores"] = []): readonly string[] {
  return stores.map((store) => {
    if (typeof store === "string") return store;
    graph.addStore(store.spec);
    return store.spec.name;
  });
}
