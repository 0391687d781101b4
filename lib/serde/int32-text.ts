/** A 32-bit big-endian integer as latin1 text: how lengths, hashes and sequence numbers stand in keys that are text. */
export function int32Text(value: number): string {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}
