import { int32FromText } from "../serde/int32-text.ts";

const TWO_TO_32 = 0x1_0000_0000;

/**
 * A signed 64-bit big-endian integer as latin1 text: how times stand in the changelog keys of stores.
 *
 * @param value A safe integer.
 */
export function int64Text(value: number): string {
  const high = Math.floor(value / TWO_TO_32);
  const low = value - high * TWO_TO_32;
  return String.fromCharCode(
    (high >>> 24) & 255,
    (high >>> 16) & 255,
    (high >>> 8) & 255,
    high & 255,
    (low >>> 24) & 255,
    (low >>> 16) & 255,
    (low >>> 8) & 255,
    low & 255,
  );
}

/** Reads what `int64Text` wrote. */
export function int64FromText(text: string, at: number): number {
  const high = int32FromText(text, at);
  const low =
    text.charCodeAt(at + 4) * 0x100_0000 +
    ((text.charCodeAt(at + 5) << 16) | (text.charCodeAt(at + 6) << 8) | text.charCodeAt(at + 7));
  return high * TWO_TO_32 + low;
}
