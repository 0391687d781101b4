import { StreamError } from "../core/errors.ts";
import type { Serde } from "./serde.ts";

const serde: Serde<number> = Object.freeze<Serde<number>>({
  id: "float64",
  write: (value, sink) => sink.float64(value),
  read(bytes, start, end) {
    if (end - start !== 8) {
      throw new StreamError("DESERIALIZATION_FAILED", `float64() reads 8 bytes, not ${end - start}`);
    }
    return bytes.readDoubleBE(start);
  },
});

/**
 * Numbers as 8 bytes: IEEE 754 doubles, big-endian.
 *
 * @throws {StreamError} `DESERIALIZATION_FAILED` for other lengths than 8
 * @source Kafka `DoubleSerializer`
 * @example
 * builder.stream("temperatures", { key: string(), value: float64() });
 */
export function float64(): Serde<number> {
  return serde;
}
