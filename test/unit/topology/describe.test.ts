import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseSettings } from "../../../lib/config/settings.ts";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { copartitionGroups } from "../../../lib/topology/copartition.ts";
import { describe } from "../../../lib/topology/describe.ts";
import { internalTopics } from "../../../lib/topology/internal-topics.ts";
import type { Topology } from "../../../lib/topology/node.ts";
import { restoredFrom, subTopologies } from "../../../lib/topology/sub-topologies.ts";
import { caseTopologies } from "../../conformance/topologies/index.ts";
import { buildOptions } from "../../conformance/vectors/build-options.ts";
import { readVector } from "../../conformance/vectors/vector-file.ts";

interface RecordedNames {
  readonly subtopologies: readonly unknown[];
  readonly copartitionGroups: readonly (readonly string[])[];
  readonly internalTopics: Readonly<Record<string, { readonly config: Readonly<Record<string, string>> }>>;
}

const vectors = fileURLToPath(new URL("../../conformance/recorded/vectors", import.meta.url));
const golden = new URL("../../golden/describe/", import.meta.url);
const recorded = JSON.parse(readFileSync(new URL("names.json", golden), "utf8")) as Record<string, RecordedNames>;
const names = [...caseTopologies.keys()];

function build(name: string): Topology {
  const builder = new StreamsBuilder();
  caseTopologies.get(name)?.(builder);
  return builder.build(buildOptions(readVector(vectors, name, "1")));
}

/** "For ever" is the largest Java long there, recorded as text, and the largest safe number here. */
function inSafeNumbers(stores: unknown): unknown {
  return JSON.parse(JSON.stringify(stores).replaceAll('"9223372036854775807"', String(Number.MAX_SAFE_INTEGER)));
}

test.for(names)("describes %s with Kafka Streams' text", (name) => {
  expect(describe(build(name))).toBe(readFileSync(new URL(`${name}.txt`, golden), "utf8"));
});

test.for(names)("splits %s into Kafka Streams' sub-topologies", (name) => {
  const parts = subTopologies(build(name), "oracle").map((part) => ({
    id: part.number,
    sourceTopics: part.sourceTopics,
    sinkTopics: part.sinkTopics,
    repartitionTopics: part.sourceTopics.filter((topic) => topic.startsWith("oracle-")),
    changelogTopics: part.stores.map((store) => restoredFrom(store, "oracle")).toSorted(),
    stores: part.stores.map((store) => ({
      name: store.name,
      type: store.type,
      changelog: restoredFrom(store, "oracle"),
      ...(store.retentionMs !== undefined && { retentionMs: store.retentionMs }),
      ...(store.historyRetentionMs !== undefined && { historyRetentionMs: store.historyRetentionMs }),
    })),
  }));
  expect(parts).toEqual(inSafeNumbers(recorded[name]?.subtopologies));
});

test.for(names)("finds Kafka Streams' co-partition groups in %s", (name) => {
  // A group of one topic says nothing; ours are of two or more.
  const groups = recorded[name]?.copartitionGroups.filter((topics) => topics.length > 1);
  expect(copartitionGroups(build(name), "oracle")).toEqual(groups);
});

test.for(names)("gives the internal topics of %s Kafka Streams' names and settings, but keeps changelogs", (name) => {
  const topology = build(name);
  const sources = topology.nodes.flatMap((node) => (node.kind === "source" ? node.topics : []));
  const external = new Map(sources.filter((topic) => !topic.internal).map((topic) => [topic.name, 3]));
  const created = internalTopics(topology, "oracle", { external, settings: parseSettings().topics });
  // A source topic that a store is restored from is told too, but not created.
  const own = Object.entries(recorded[name]?.internalTopics ?? {}).filter(([topic]) => !external.has(topic));
  const expected = own.map(([topic, { config }]) => {
    const kept = { "delete.retention.ms": "604800000", "retention.ms": "-1" };
    return [topic, topic.endsWith("-changelog") ? { ...config, ...kept } : config] as const;
  });
  expect(new Map(created.map((topic) => [topic.name, topic.configs]))).toEqual(new Map(expected));
});
