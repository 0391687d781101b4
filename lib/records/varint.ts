/**
 * Zigzag varints, the integers inside a record: small magnitudes take few bytes, seven bits a byte, low bits first.
 * @source Kafka 4.3 `org.apache.kafka.common.utils.ByteUtils`
 */

/** The longest varint: a 64-bit integer. */
export const MAX_VARINT_BYTES = 10;

/** Bytes that a non-negative length or count takes. */
export function lengthVarintBytes(value: number): number {
  if (value < 0x40) return 1;
  if (value < 0x2000) return 2;
  if (value < 0x10_0000) return 3;
  if (value < 0x800_0000) return 4;
  return 5;
}

/** Up to here in magnitude an integer and its zigzag form are exact as doubles; those beyond go through bigint. */
export const EXACT_MAX = 2 ** 52;

/**
 * Writes an integer at `at`; there must be room for it.
 * @param value A safe integer, at most `EXACT_MAX` in magnitude.
 * @returns where the next byte goes
 */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value >= 0 ? value * 2 : value * -2 - 1;
  let next = at;
  while (rest > 0x7fff_ffff) {
    bytes[next++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest > 0x7f) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next++] = rest;
  return next;
}

/**
 * Writes a non-negative length or count as `writeVarint` does, in integers all the way.
 * @hotPath three times per record
 * @returns where the next byte goes
 */
export function writeLengthVarint(bytes: Uint8Array, at: number, length: number): number {
  let rest = (length << 1) >>> 0;
  let next = at;
  while (rest > 0x7f) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next++] = rest;
  return next;
}

/** Writes any 64-bit integer, as `writeVarint` does. */
export function writeVarlong(bytes: Uint8Array, at: number, value: bigint): number {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  let next = at;
  for (; rest > 0x7fn; rest >>= 7n) bytes[next++] = Number(rest & 0x7fn) | 0x80;
  bytes[next++] = Number(rest);
  return next;
}

/** Reads any 64-bit integer from bytes that hold a whole varint at `at`. */
export function readVarlong(bytes: Uint8Array, at: number): bigint {
  let raw = 0n;
  for (let index = at, shift = 0n; ; index++, shift += 7n) {
    const byte = bytes[index] as number;
    raw |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n));
  }
}
