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
