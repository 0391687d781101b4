/**
 * Kafka's murmur2 hash of bytes `[start, end)`, as a signed 32-bit integer.
 *
 * @source Kafka 4.3 `org.apache.kafka.common.utils.Utils.murmur2`
 * @example
 * murmur2(Buffer.from("foobar"), 0, 6); // -790332482
 */
export function murmur2(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const length = end - start;
  let hash = 0x9747b28c ^ length;
  let at = start;
  for (const last = end - 4; at <= last; at += 4) {
    let word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    word = Math.imul(word, 0x5bd1e995);
    word ^= word >>> 24;
    word = Math.imul(word, 0x5bd1e995);
    hash = Math.imul(hash, 0x5bd1e995) ^ word;
  }
  const rest = end - at;
  if (rest > 2) hash ^= (bytes[at + 2] as number) << 16;
  if (rest > 1) hash ^= (bytes[at + 1] as number) << 8;
  if (rest > 0) hash = Math.imul(hash ^ (bytes[at] as number), 0x5bd1e995);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0x5bd1e995);
  return hash ^ (hash >>> 15);
}

/**
 * The partition that Kafka's default partitioner gives a serialized key.
 *
 * @param count Partitions of the topic.
 * @param range Bytes of the key; the whole of `bytes` without it.
 * @source Kafka 4.3 `BuiltInPartitioner.partitionForKey`
 */
export function partitionForKey(
  bytes: Uint8Array,
  count: number,
  range: { readonly start: number; readonly end: number } = { start: 0, end: bytes.length },
): number {
  return (murmur2(bytes, range.start, range.end) & 0x7fffffff) % count;
}
