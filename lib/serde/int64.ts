import { StreamError } from "../core/errors.ts";
import type { Serde } from "./serde.ts";

function invalid(code: "SERIALIZATION_FAILED" | "DESERIALIZATION_FAILED", message: string): never {
  throw new StreamError(code, message);
}

/**
 * Reads a signed 64-bit big-endian integer.
 *
 * @throws {StreamError} `DESERIALIZATION_FAILED` beyond ±(2^53 − 1): a double would round it
 */
export function readInt64(bytes: Buffer, at: number): number {
  const value = bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
  if (!Number.isSafeInteger(value)) {
    invalid("DESERIALIZATION_FAILED", "an int64 beyond ±(2^53 − 1) is not read as a number: use custom() with bigint");
  }
  return value;
}

const serde: Serde<number> = Object.freeze<Serde<number>>({
  id: "int64",
  write(value, sink) {
    if (!Number.isSafeInteger(value)) {
      invalid("SERIALIZATION_FAILED", `int64() takes safe integers, not ${String(value)}: use custom() with bigint`);
    }
    sink.int64(value);
  },
  read(bytes, start, end) {
    if (end - start !== 8) invalid("DESERIALIZATION_FAILED", `int64() reads 8 bytes, not ${end - start}`);
    return readInt64(bytes, start);
  },
});

/**
 * Whole numbers as 8 bytes, big-endian. Numbers that a double cannot hold exactly are refused, never rounded.
 *
 * @throws {StreamError} `SERIALIZATION_FAILED` and `DESERIALIZATION_FAILED` beyond ±(2^53 − 1), and for other lengths than 8
 * @source Kafka `LongSerializer`
 * @example
 * counts.toStream().to("counts", { key: string(), value: int64() });
 */
export function int64(): Serde<number> {
  return serde;
}
