import { checkDeadLetters } from "../dsl/app.ts";
import type { Log } from "../ports/log.ts";
import { failAlways } from "../topology/exception-handler.ts";
import { changelogTopic, physicalTopic, subTopologies } from "../topology/sub-topologies.ts";
import { patternsOf, topicsByPattern, withTopics } from "../topology/topic-patterns.ts";
import { positionsTopic } from "./position.ts";
import type { DeployedApplication } from "./prepare.ts";

/** By the text of a pattern, which topics it stands for. */
export type PatternTopics = Readonly<Record<string, readonly string[]>>;

/**
 * Puts topics in the place of patterns: those that the manifest has, and for a pattern that it does not know all that exist now and
 * match. The application's own topics are none of them.
 *
 * @param known From the manifest.
 * @throws {StreamError} `TOPIC_MISSING`, `TOPOLOGY_INVALID`
 */
export async function resolvePatterns<A extends DeployedApplication>(
  app: A,
  log: Pick<Log, "topicNames">,
  known: PatternTopics = {},
): Promise<{ readonly app: A; readonly patterns: PatternTopics }> {
  const patterns = patternsOf(app.topology);
  if (patterns.size === 0) return { app, patterns: {} };
  const isOpen = [...patterns.keys()].some((text) => known[text] === undefined);
  const names = isOpen ? await log.topicNames() : [];
  const own = ownTopics(app);
  const found = topicsByPattern(app.topology, names.filter((name) => !own.has(name)).toSorted());
  const topics = Object.fromEntries([...patterns.keys()].map((text) => [text, known[text] ?? found[text] ?? []]));
  const topology = withTopics(app.topology, topics);
  checkDeadLetters(topology, app.exceptionHandlers ?? failAlways);
  return { app: { ...app, topology }, patterns: topics };
}

/** Topics that the application makes for itself. */
function ownTopics({ id, topology }: DeployedApplication): ReadonlySet<string> {
  const internal = topology.nodes
    .flatMap((node) => (node.kind === "source" ? node.topics : []))
    .filter((topic) => topic.internal)
    .map((topic) => physicalTopic(topic, id));
  const changelogs = subTopologies(topology, id).flatMap(({ stores }) =>
    stores.map(({ name }) => changelogTopic(name, id)),
  );
  return new Set([positionsTopic(id), ...internal, ...changelogs]);
}
