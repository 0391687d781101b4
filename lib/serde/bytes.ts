import type { Serde } from "./serde.ts";

const serde: Serde<Uint8Array> = Object.freeze<Serde<Uint8Array>>({
  id: "bytes",
  write: (value, sink) => sink.copy(value),
  // A copy, because the buffer of a fetch is used again.
  read: (bytes, start, end) => new Uint8Array(bytes.subarray(start, end)),
});

/**
 * Bytes as they are.
 *
 * @source Kafka `ByteArraySerializer`
 * @example
 * builder.stream("images", { key: string(), value: bytes() });
 */
export function bytes(): Serde<Uint8Array> {
  return serde;
}
