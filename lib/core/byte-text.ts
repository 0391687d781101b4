/** Up to here a loop beats the call into native code, which takes 0.15 µs or more. */
const SHORT_BYTES = 12;

/** By length: lists to gather a short text's characters in. */
const gathered = Array.from({ length: SHORT_BYTES + 1 }, (_, length) => new Array<number>(length).fill(0));

/**
 * The text of UTF-8 bytes `[start, end)`; what is not UTF-8 becomes U+FFFD.
 *
 * @example
 * utf8Text(Buffer.from("AAPL"), 0, 4); // "AAPL"
 */
export function utf8Text(bytes: Buffer, start: number, end: number): string {
  const codes = gathered[end - start];
  if (codes === undefined) return bytes.utf8Slice(start, end);
  let all = 0;
  for (let at = start; at < end; at++) {
    const code = bytes[at] as number;
    all |= code;
    codes[at - start] = code;
  }
  return all < 0x80 ? String.fromCharCode(...codes) : bytes.utf8Slice(start, end);
}

/**
 * Bytes `[start, end)` as one character each: byte order and equality are kept.
 *
 * @example
 * latin1Text(Buffer.from([0x41, 0xff]), 0, 2); // "A\xff"
 */
export function latin1Text(bytes: Buffer, start: number, end: number): string {
  const codes = gathered[end - start];
  if (codes === undefined) return bytes.latin1Slice(start, end);
  for (let at = start; at < end; at++) codes[at - start] = bytes[at] as number;
  return String.fromCharCode(...codes);
}
