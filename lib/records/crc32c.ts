/** Tables of 256 entries: entry `k * 256 + b` is the checksum of byte `b` followed by `k` zero bytes. */
const TABLE_COUNT = 16;

let tables: Int32Array | undefined;

const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function makeTables(): Int32Array {
  const made = new Int32Array(TABLE_COUNT * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    made[byte] = crc;
  }
  for (let entry = 256; entry < made.length; entry++) {
    const previous = made[entry - 256] as number;
    made[entry] = (previous >>> 8) ^ (made[previous & 0xff] as number);
  }
  return made;
}

/**
 * CRC32C (Castagnoli) of bytes `[start, end)` as an unsigned 32-bit integer: the checksum of record batches.
 *
 * Sixteen bytes a step, read as aligned words ("slicing by 16"): in pure JavaScript 1 to 1.6 GB/s, about twice what eight
 * bytes a step read one by one give.
 *
 * @example
 * crc32c(Buffer.from("123456789")); // 0xe3069283
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  tables ??= makeTables();
  const t = tables;
  const misaligned = (bytes.byteOffset + start) & 3;
  const wordsStart = Math.min(end, misaligned === 0 ? start : start + 4 - misaligned);
  const wordsEnd = isLittleEndian ? wordsStart + ((end - wordsStart) & ~15) : wordsStart;
  let crc = byteByByte(t, bytes, { crc: -1, from: start, to: wordsStart });
  if (wordsEnd > wordsStart) {
    crc = wordByWord(
      t,
      new Int32Array(bytes.buffer, bytes.byteOffset + wordsStart, (wordsEnd - wordsStart) >>> 2),
      crc,
    );
  }
  return (byteByByte(t, bytes, { crc, from: wordsEnd, to: end }) ^ -1) >>> 0;
}

function wordByWord(t: Int32Array, words: Int32Array, initial: number): number {
  let crc = initial;
  for (let i = 0; i < words.length; i += 4) {
    const a = crc ^ (words[i] as number);
    const b = words[i + 1] as number;
    const c = words[i + 2] as number;
    const d = words[i + 3] as number;
    crc =
      (t[3840 + (a & 0xff)] as number) ^
      (t[3584 + ((a >>> 8) & 0xff)] as number) ^
      (t[3328 + ((a >>> 16) & 0xff)] as number) ^
      (t[3072 + (a >>> 24)] as number) ^
      (t[2816 + (b & 0xff)] as number) ^
      (t[2560 + ((b >>> 8) & 0xff)] as number) ^
      (t[2304 + ((b >>> 16) & 0xff)] as number) ^
      (t[2048 + (b >>> 24)] as number) ^
      (t[1792 + (c & 0xff)] as number) ^
      (t[1536 + ((c >>> 8) & 0xff)] as number) ^
      (t[1280 + ((c >>> 16) & 0xff)] as number) ^
      (t[1024 + (c >>> 24)] as number) ^
      (t[768 + (d & 0xff)] as number) ^
      (t[512 + ((d >>> 8) & 0xff)] as number) ^
      (t[256 + ((d >>> 16) & 0xff)] as number) ^
      (t[d >>> 24] as number);
  }
  return crc;
}

function byteByByte(t: Int32Array, bytes: Uint8Array, range: { crc: number; from: number; to: number }): number {
  let { crc } = range;
  for (let at = range.from; at < range.to; at++)
    crc = (crc >>> 8) ^ (t[(crc ^ (bytes[at] as number)) & 0xff] as number);
  return crc;
}
