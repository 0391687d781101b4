import { StreamError } from "../core/errors.ts";
import type { StoreHandle } from "./store.ts";

/** A store that can be read but not written, for who is not its owner. It shows the same rows. */
export function readOnly<S extends StoreHandle>(store: S): S {
  const refuse = (): never => {
    const { name } = store.spec;
    throw new StreamError("PROCESSING_FAILED", `store ${name} is global: only its topic changes it`);
  };
  // Everything else is the store's own; only what writes is hidden.
  return Object.create(store, { put: { value: refuse }, remove: { value: refuse } }) as S;
}
