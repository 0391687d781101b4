import { StreamError } from "../core/errors.ts";
import type { StoreHandle } from "./store.ts";

/** A store that can be read but not written, for who is not its owner. It shows the same rows. */
export function readOnly<S extends StoreHandle>(store: S): S {
  const refuse = (): never => {
    const { name } = store.spec;
    throw new StreamError("PROCESSING_FAILED", `store ${name} is global: only its topic changes it`);
  };
  const methods = new Map<string | symbol, unknown>([
    ["put", refuse],
    ["remove", refuse],
  ]);
  return new Proxy(store, {
    get(target, name) {
      const known = methods.get(name);
      if (known !== undefined) return known;
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      // Of the store itself: an index that a read makes must be the one that writes keep up.
      const method: unknown = member.bind(target);
      methods.set(name, method);
      return method;
    },
  });
}
