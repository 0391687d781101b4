import { StreamError } from "../core/errors.ts";
import type { Topology } from "./node.ts";
import { byName } from "./sub-topologies.ts";
import { validate } from "./validate.ts";

/** What a pattern is known by: its text with its flags. */
export function patternText({ source, flags }: RegExp): string {
  return `/${source}/${flags}`;
}

/** Whether a pattern stands for a topic: it must match the whole name. @source Kafka Streams (`Matcher.matches`) */
export function matchesTopic({ source, flags }: RegExp, topic: string): boolean {
  // Anew, without the flags that keep a place: a pattern is asked for many names.
  return new RegExp(`^(?:${source})$`, flags.replace(/[gy]/g, "")).test(topic);
}

/** The patterns that sources of a topology read by, each once. */
export function patternsOf(topology: Topology): ReadonlyMap<string, RegExp> {
  const patterns = topology.nodes.flatMap((node) =>
    node.kind === "source" && node.pattern !== undefined ? [node.pattern] : [],
  );
  return new Map(patterns.map((pattern) => [patternText(pattern), pattern]));
}

/** What each pattern stands for among the topics that there are, by `patternText`. */
export function topicsByPattern(
  topology: Topology,
  names: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    [...patternsOf(topology)].map(([text, pattern]) => [text, names.filter((name) => matchesTopic(pattern, name))]),
  );
}

/**
 * A topology in which patterns stand for topics. They are still there, for the text of `describe`.
 *
 * @param topics By `patternText`.
 * @throws {StreamError} `TOPIC_MISSING` for a pattern that stands for none, `TOPOLOGY_INVALID` where a topic is then read twice, or
 *   written by the application that reads it
 */
export function withTopics(topology: Topology, topics: Readonly<Record<string, readonly string[]>>): Topology {
  const nodes = topology.nodes.map((node) => {
    if (node.kind !== "source" || node.pattern === undefined) return node;
    const names = topics[patternText(node.pattern)] ?? [];
    if (names.length === 0) throw noMatch(node.name, node.pattern);
    return Object.freeze({
      ...node,
      topics: names.toSorted(byName).map((name) => Object.freeze({ name, internal: false })),
    });
  });
  const resolved = Object.freeze({ ...topology, nodes: Object.freeze(nodes) });
  validate(resolved);
  return resolved;
}

function noMatch(node: string, pattern: RegExp): StreamError {
  return new StreamError(
    "TOPIC_MISSING",
    `no topic matches ${patternText(pattern)} of ${node}: create one first; a pattern must match the whole name`,
    { details: { node, pattern: patternText(pattern) } },
  );
}
