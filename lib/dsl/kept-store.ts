import type { Serde } from "../serde/serde.ts";
import type { StoreSpec } from "../state/store.ts";
import type { StoreOptions } from "./grouped-stream.ts";
import type { KnownSerdes } from "./serdes.ts";
import { needed } from "./serdes.ts";

/** The store of a table, where the user named one. */
export function namedStore(node: string, options: StoreOptions, serdes: KnownSerdes): StoreSpec | undefined {
  const { store, logged } = options;
  if (store === undefined) return undefined;
  const keySerde = needed(serdes, "key", { node, fix: "a key serde to the table it comes from" });
  const valueSerde = needed(serdes, "value", { node, fix: "{ store, value }" });
  return rowStore(store, { keySerde, valueSerde, logged });
}

/** The store of the rows of a table. */
export function rowStore(
  name: string,
  options: {
    readonly keySerde: Serde<unknown>;
    readonly valueSerde: Serde<unknown>;
    readonly logged: boolean | undefined;
  },
): StoreSpec {
  const { keySerde, valueSerde, logged = true } = options;
  return { name, type: "timestampedKeyValue", keySerde, valueSerde, logged };
}
