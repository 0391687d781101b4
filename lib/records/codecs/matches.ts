/** Bytes that are compressed by themselves: distances then fit into 16 bits. */
export const MATCH_BLOCK_BYTES = 64 * 1024;

/** LZ4's rule: the last match begins 12 bytes before the end and leaves at least 5 literal bytes. */
const LAST_MATCH_BYTES = 12;
const LAST_LITERAL_BYTES = 5;
const SHORTEST_MATCH = 4;

/** Where four bytes were last seen in the block, by their hash. */
const lastSeen = new Uint16Array(1 << 14);

/** Takes a block as literal bytes and repetitions. */
export interface MatchSink {
  /** Literal bytes `[start, end)`, then `length` bytes again from `distance` before. */
  match(literals: { readonly start: number; readonly end: number }, distance: number, length: number): void;
  /** What is left: literal bytes `[start, end)`. */
  rest(start: number, end: number): void;
}

/**
 * Finds repetitions in a block of at most {@link MATCH_BLOCK_BYTES}, greedily; where nothing repeats, in larger and larger
 * steps.
 */
export function findMatches(
  input: Buffer,
  block: { readonly start: number; readonly end: number },
  sink: MatchSink,
): void {
  const { start, end } = block;
  const literals = { start, end: start };
  lastSeen.fill(0);
  for (let at = start + 1; at < end - LAST_MATCH_BYTES; ) {
    const word = input.readInt32LE(at);
    const hash = Math.imul(word, 0x9e37_79b1) >>> 18;
    const candidate = start + (lastSeen[hash] as number);
    lastSeen[hash] = at - start;
    if (input.readInt32LE(candidate) !== word) {
      at += 1 + ((at - literals.start) >> 6);
      continue;
    }
    let length = SHORTEST_MATCH;
    const longest = end - LAST_LITERAL_BYTES - at;
    while (length < longest && input[candidate + length] === input[at + length]) length++;
    literals.end = at;
    sink.match(literals, at - candidate, length);
    at += length;
    literals.start = at;
  }
  sink.rest(literals.start, end);
}
