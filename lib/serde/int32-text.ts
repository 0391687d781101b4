/** A 32-bit big-endian integer as latin1 text: how lengths, hashes and sequence numbers stand in keys that are text. */
export function int32Text(value: number): string {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** Reads what `int32Text` wrote. */
export function int32FromText(text: string, at: number): number {
  return (
    (text.charCodeAt(at) << 24) |
    (text.charCodeAt(at + 1) << 16) |
    (text.charCodeAt(at + 2) << 8) |
    text.charCodeAt(at + 3)
  );
}
