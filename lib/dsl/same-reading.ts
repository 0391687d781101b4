import { StreamError } from "../core/errors.ts";
import type { SourceNode } from "../topology/node.ts";
import { patternText } from "../topology/topic-patterns.ts";

/** What a source reads, as text. */
export function readingOf({ pattern, topics }: SourceNode): string {
  if (pattern !== undefined) return patternText(pattern);
  return topics
    .map(({ name }) => name)
    .sort()
    .join(", ");
}

/**
 * Checks that topics which are read twice are read in one way.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID`
 */
export function checkSameReading(first: SourceNode, second: SourceNode): void {
  const same =
    first.keySerde.id === second.keySerde.id &&
    first.valueSerde.id === second.valueSerde.id &&
    first.timestampExtractor === second.timestampExtractor &&
    first.offsetReset === second.offsetReset;
  if (same) return;
  const topics = readingOf(first);
  throw new StreamError(
    "TOPOLOGY_INVALID",
    `${second.name} reads ${topics} again, with other serdes or settings than ${first.name}: read it once and use that stream twice`,
    { details: { node: second.name, topics } },
  );
}
