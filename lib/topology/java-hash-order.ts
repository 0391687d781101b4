/** `String.hashCode` of Java. */
function javaHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

/**
 * Names in the order in which a Java `HashSet` or `HashMap` that they were added to iterates.
 *
 * Kafka Streams prints topics, stores and connections of a node in this order, so `describe` needs it.
 * @source `java.util.HashMap`: table of a power of two, three quarters full at most, buckets in order of arrival
 */
export function javaHashOrder(names: readonly string[]): readonly string[] {
  let capacity = 16;
  while (names.length > capacity * 0.75) capacity *= 2;
  const bucket = (name: string): number => {
    const hash = javaHash(name);
    return (hash ^ (hash >>> 16)) & (capacity - 1);
  };
  return [...names].sort((a, b) => bucket(a) - bucket(b));
}
