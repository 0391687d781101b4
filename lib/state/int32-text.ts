/** A signed 32-bit big-endian integer as latin1 text: how sequence numbers stand in the changelog keys of stores. */
export function int32Text(value: number): string {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}
