import { createMemoryObjectStore } from "../../lib/adapters/memory/object-store.ts";
import { objectStoreContract } from "./object-store.ts";

objectStoreContract("memory", async () => {
  const objects = createMemoryObjectStore({ clock: { nowMs: () => 1_700_000_000_000 } });
  return { open: () => objects, manyObjects: 1_500, close: async () => {} };
});
