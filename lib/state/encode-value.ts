import type { ByteSink } from "../core/byte-sink.ts";
import { StreamError } from "../core/errors.ts";
import type { StoreSpec } from "./store.ts";

/**
 * Writes a value of a store into an empty sink.
 *
 * @throws {StreamError} `SERIALIZATION_FAILED`, naming the store and the serde
 */
export function encodeValue(spec: StoreSpec, value: unknown, sink: ByteSink): void {
  const { name, valueSerde } = spec;
  sink.reset();
  try {
    valueSerde.write(value, sink);
  } catch (cause) {
    throw new StreamError(
      "SERIALIZATION_FAILED",
      `a value of store ${name} cannot be written as ${valueSerde.id}: ${String((cause as Error)?.message ?? cause)}`,
      { details: { store: name, serde: valueSerde.id }, cause },
    );
  }
}

/**
 * A copy of a value, of the same bytes; of a value that nobody can change the value itself.
 *
 * @param sink Scratch space.
 * @throws {StreamError} `SERIALIZATION_FAILED`, naming the store and the serde
 */
export function copyValue<V>(spec: StoreSpec, value: V, sink: ByteSink): V {
  if (typeof value !== "object" || value === null) return value;
  encodeValue(spec, value, sink);
  // Serdes may answer views of what they read.
  const bytes = Buffer.from(sink.view());
  return spec.valueSerde.read(bytes, 0, bytes.length) as V;
}
