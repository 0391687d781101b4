import type { ByteSink } from "../core/byte-sink.ts";
import { StreamError } from "../core/errors.ts";
import type { Parser, SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";

/** The serdes that a stream or table knows, and which node dropped one that is not known. */
export interface KnownSerdes {
  readonly key: Serde<unknown> | undefined;
  readonly value: Serde<unknown> | undefined;
  readonly keyLostAt: string | undefined;
  readonly valueLostAt: string | undefined;
}

/** Serdes of a source. */
export function bothKnown(key: Serde<unknown>, value: Serde<unknown>): KnownSerdes {
  return { key, value, keyLostAt: undefined, valueLostAt: undefined };
}

/** After a node that changed the key. */
export function withoutKey(serdes: KnownSerdes, node: string): KnownSerdes {
  return { ...serdes, key: undefined, keyLostAt: node };
}

/** After a node that changed the value. */
export function withoutValue(serdes: KnownSerdes, node: string): KnownSerdes {
  return { ...serdes, value: undefined, valueLostAt: node };
}

/** With the serdes that a user gives; what is not given stays. */
export function replaced(
  serdes: KnownSerdes,
  given: { readonly key?: Serde<unknown> | undefined; readonly value?: Serde<unknown> | undefined },
): KnownSerdes {
  return { ...serdes, key: given.key ?? serdes.key, value: given.value ?? serdes.value };
}

/** The serdes in options. `Writes` is what the compiler checks; what users pass are serdes and schemas. */
export function given(options: object): {
  readonly key: Serde<unknown> | undefined;
  readonly value: Serde<unknown> | undefined;
} {
  const { key, value } = options as { key?: Serde<unknown>; value?: SerdeLike<unknown> };
  return { key, value: value && asSerde(value) };
}

/**
 * The serde of one part of the record, which a node cannot do without.
 *
 * @param fix Where the user gives it, for example `"groupByKey({ key })"`.
 * @throws {StreamError} `TOPOLOGY_INVALID`, naming the node that needs it, the node that dropped it and the fix
 */
export function needed(
  serdes: KnownSerdes,
  part: "key" | "value",
  place: { node: string; fix: string },
): Serde<unknown> {
  const serde = serdes[part];
  if (serde !== undefined) return serde;
  const lostAt = part === "key" ? serdes.keyLostAt : serdes.valueLostAt;
  const reason = lostAt === undefined ? "none is known" : `${lostAt} changed the ${part}`;
  throw new StreamError("TOPOLOGY_INVALID", `${place.node} needs a ${part} serde, and ${reason}: pass ${place.fix}`, {
    details: { node: place.node, part, lostAt: lostAt ?? null },
  });
}

/** Anything that can write a `T`: a serde of `T`, or of something wider. */
export interface Writes<T> {
  readonly id: string;
  // A property, not a method: methods are compared loosely, and a serde of a narrower type must not pass.
  readonly write: (value: T, sink: ByteSink) => void;
}

/** A schema whose values include every `V`. */
export type SchemaFor<V, T> = [V] extends [T] ? Parser<T> : never;
