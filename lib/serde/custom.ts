import type { Serde } from "./serde.ts";

/** A format of the user's own. */
export interface CustomFormat<T> {
  /** Signature of the bytes: change it when the bytes change, so that stored state is not misread. */
  readonly id: string;
  readonly serialize: (value: T) => Uint8Array;
  /** Gets bytes of its own and may keep them. */
  readonly deserialize: (bytes: Uint8Array) => T;
}

/**
 * A serde from two functions: Avro, Protobuf, bigint, …
 *
 * @example
 * const day = custom({
 *   id: "day",
 *   serialize: (value: Date) => Buffer.from(value.toISOString().slice(0, 10)),
 *   deserialize: (bytes) => new Date(Buffer.from(bytes).toString()),
 * });
 */
export function custom<T>(format: CustomFormat<T>): Serde<T> {
  return Object.freeze<Serde<T>>({
    id: format.id,
    write: (value, sink) => sink.copy(format.serialize(value)),
    read: (bytes, start, end) => format.deserialize(new Uint8Array(bytes.subarray(start, end))),
  });
}
