import type { Settings } from "../config/settings.ts";
import { StreamError } from "../core/errors.ts";
import type { TopicSpec } from "../ports/log.ts";
import type { StoreSpec } from "../state/store.ts";
import { partitionCounts } from "./copartition.ts";
import type { SubTopology, Topology } from "./node.ts";
import { byName, changelogTopic, physicalTopic, subTopologies } from "./sub-topologies.ts";

/** A topic that the application creates for itself. */
export type InternalTopic = TopicSpec &
  ({ readonly kind: "repartition" } | { readonly kind: "changelog"; readonly store: string });

/** What internal topics are made for and with. */
export interface InternalTopicOptions {
  /** Partitions of every topic of the user's that is read. */
  readonly external: ReadonlyMap<string, number>;
  readonly settings: Settings["topics"];
}

const repartitionConfigs = Object.freeze({
  "cleanup.policy": "delete",
  "message.timestamp.type": "CreateTime",
  "retention.ms": "-1",
  "segment.bytes": "52428800",
});

/**
 * The topics that an application needs beside its inputs and outputs: repartition topics first, then changelogs, by name.
 *
 * Names, partition counts and settings are Kafka Streams', with two differences on changelogs: `retention.ms` is -1, because
 * windows expire in our metadata and event-time retention would delete the tail of a backfill; and tombstones stay for
 * `topics.deleteRetentionMs` (7 days).
 *
 * @throws {StreamError} `TOPIC_MISSING` for a source topic that `external` does not name; `NOT_COPARTITIONED`
 * @source Kafka Streams `RepartitionTopics`, `ChangelogTopics`, `WindowedChangelogTopicConfig`
 */
export function internalTopics(
  topology: Topology,
  applicationId: string,
  { external, settings }: InternalTopicOptions,
): readonly InternalTopic[] {
  const counts = partitionCounts(topology, applicationId, external);
  const repartitions = internalSources(topology, applicationId).map(
    (name): InternalTopic => ({
      kind: "repartition",
      name,
      partitions: counts.get(name) as number,
      replicas: settings.replicas,
      configs: repartitionConfigs,
    }),
  );
  const changelogs = subTopologies(topology, applicationId).flatMap((part) => changelogsOf(part, counts, settings));
  return [...repartitions, ...changelogs.sort((a, b) => byName(a.name, b.name))];
}

function internalSources(topology: Topology, applicationId: string): readonly string[] {
  return topology.nodes
    .flatMap((node) => (node.kind === "source" ? node.topics : []))
    .filter((topic) => topic.internal)
    .map((topic) => physicalTopic(topic, applicationId))
    .sort(byName);
}

function changelogsOf(
  part: SubTopology,
  counts: ReadonlyMap<string, number>,
  settings: Settings["topics"],
): InternalTopic[] {
  const logged = part.stores.filter((store) => store.logged);
  if (logged.length === 0) return [];
  const partitions = taskCount(part, counts);
  return logged.map((store) => ({
    kind: "changelog",
    store: store.name,
    name: changelogTopic(store.name, part.applicationId),
    partitions,
    replicas: settings.replicas,
    configs: changelogConfigs(store, settings),
  }));
}

/**
 * How many tasks a sub-topology has: as many as its largest source topic has partitions.
 *
 * @throws {StreamError} `TOPIC_MISSING`
 */
export function taskCount(part: SubTopology, counts: ReadonlyMap<string, number>): number {
  return Math.max(
    ...part.sourceTopics.map((topic) => {
      const count = counts.get(topic);
      if (count === undefined) throw missingTopic(topic);
      return count;
    }),
  );
}

function missingTopic(topic: string): StreamError {
  return new StreamError("TOPIC_MISSING", `topic ${topic} does not exist: create it first`, { details: { topic } });
}

/** Kafka Streams' `windowstore.changelog.additional.retention.ms`, which it adds for versioned stores too. */
const ADDITIONAL_RETENTION_MS = 86_400_000;

function changelogConfigs(store: StoreSpec, settings: Settings["topics"]): Readonly<Record<string, string>> {
  const { historyRetentionMs } = store;
  return {
    "cleanup.policy": cleanupPolicy(store),
    "delete.retention.ms": String(settings.deleteRetentionMs),
    "message.timestamp.type": "CreateTime",
    // Versions of one key have one key in the log: none may be compacted away while it is history.
    ...(historyRetentionMs !== undefined && {
      "min.compaction.lag.ms": String(historyRetentionMs + ADDITIONAL_RETENTION_MS),
    }),
    "retention.ms": "-1",
  };
}

/** Keys of a join window store never come again, so there is nothing to compact. */
function cleanupPolicy(store: StoreSpec): string {
  if (store.type === "joinWindow") return "delete";
  return store.retentionMs === undefined ? "compact" : "compact,delete";
}
