/**
 * Turns a topology into a plan: looks at the topics, checks them against the app manifest, creates what is ours.
 *
 * Owns: the app manifest document and the application's own topics. Does not own: user topics, which are never created.
 */
import { parseSettings, type Settings } from "../config/settings.ts";
import { StreamError } from "../core/errors.ts";
import { partitionKey } from "../core/ids.ts";
import type { LeaseTable } from "../ports/lease-table.ts";
import type { Log, TopicDescription, TopicSpec } from "../ports/log.ts";
import { partitionCounts } from "../topology/copartition.ts";
import { deadLetterTopics, type ExceptionHandlers, failAlways } from "../topology/exception-handler.ts";
import { type InternalTopic, internalTopics, taskCount } from "../topology/internal-topics.ts";
import type { SubTopology, Topology } from "../topology/node.ts";
import type { OffsetReset } from "../topology/offset-reset.ts";
import { topicsOf } from "../topology/routing.ts";
import { contentId, physicalTopic, restoredFrom, subTopologies } from "../topology/sub-topologies.ts";
import { patternsOf } from "../topology/topic-patterns.ts";
import {
  type AppManifest,
  decideManifest,
  decodeAppManifest,
  encodeAppManifest,
  type WantedApplication,
} from "./manifest.ts";
import { resolvePatterns } from "./pattern-topics.ts";
import { type ApplicationPlan, type PinPlan, type TaskChangelog, type TaskPlan, taskId } from "./plan.ts";
import { positionsTopic } from "./position.ts";

/** What is deployed. */
export interface DeployedApplication {
  readonly id: string;
  readonly topology: Topology;
  /** Number of pins of a new application; without it the largest partition count. */
  readonly pins?: number | undefined;
  /** Without them whatever fails stops its pin. */
  readonly exceptionHandlers?: ExceptionHandlers | undefined;
  /** 0 without it: every change of a table is forwarded. */
  readonly statestoreCacheMaxBytes?: number | undefined;
  /** Where sources start that do not say it; `earliest` without it. */
  readonly autoOffsetReset?: OffsetReset | undefined;
}

/**
 * `check` only reads; `deploy` creates the manifest and internal topics where they are absent, with these settings or the
 * default ones. Topics that exist stay as they are.
 */
export type PrepareMode = "check" | "deploy" | { readonly deploy: Settings["topics"] };

/** Name of the manifest's document in the lease table. */
export const APP_MANIFEST_DOCUMENT = "app-manifest";

const MANIFEST_TRIES_MAX = 10;

/**
 * Resolves an application against the log and its manifest.
 *
 * @throws {StreamError} `TOPIC_MISSING`, `NOT_COPARTITIONED`, `PARTITIONS_CHANGED`, `TOPOLOGY_INCOMPATIBLE`, `TOPOLOGY_INVALID`
 */
export async function prepareApplication(
  defined: DeployedApplication,
  ports: { readonly log: Log; readonly leases: LeaseTable },
  mode: PrepareMode,
): Promise<ApplicationPlan> {
  const { app, patterns } = await withPatternTopics(defined, ports);
  const settings = typeof mode === "string" ? parseSettings().topics : mode.deploy;
  const external = await describeExternal(app, ports.log);
  const sourceCounts = new Map([...external].map(([name, topic]) => [name, topic.partitions]));
  const counts = partitionCounts(app.topology, app.id, sourceCounts);
  const subs = subTopologies(app.topology, app.id);
  const manifest = await settleManifest({ ...wantedApplication(app, subs, counts), patterns }, ports.leases, mode);
  const internal = [
    ...internalTopics(app.topology, app.id, { external: sourceCounts, settings }),
    positions(app.id, manifest.pinCount, settings),
  ];
  if (mode !== "check") await ports.log.createTopics(internal);
  const described = await ports.log.describe(internal.map(({ name }) => name));
  checkInternal(internal, described);
  return resolve({ app, manifest, subs, topics: new Map([...external, ...described]) });
}

/** What patterns stand for is decided once, like everything in the manifest. */
async function withPatternTopics(app: DeployedApplication, ports: { readonly log: Log; readonly leases: LeaseTable }) {
  if (patternsOf(app.topology).size === 0) return { app, patterns: {} };
  const row = await ports.leases.readDocument(APP_MANIFEST_DOCUMENT);
  return resolvePatterns(app, ports.log, row && decodeAppManifest(row.body).patterns);
}

async function describeExternal(app: DeployedApplication, log: Log): Promise<ReadonlyMap<string, TopicDescription>> {
  const names = new Set<string>(deadLetterTopics(app.exceptionHandlers ?? failAlways));
  for (const node of app.topology.nodes) {
    for (const topic of topicsOf(node)) if (!topic.internal) names.add(topic.name);
  }
  const described = await log.describe([...names]);
  const missing = [...names].filter((name) => !described.has(name)).sort();
  if (missing.length === 0) return described;
  throw new StreamError(
    "TOPIC_MISSING",
    `${missing.length === 1 ? "topic" : "topics"} ${missing.join(", ")} of application ${app.id} ${missing.length === 1 ? "does" : "do"} not exist: create them first`,
    { details: { topics: missing } },
  );
}

function wantedApplication(
  app: DeployedApplication,
  subs: readonly SubTopology[],
  counts: ReadonlyMap<string, number>,
): Omit<WantedApplication, "patterns"> {
  const stores: Record<string, WantedApplication["stores"][string]> = {};
  const topics: Record<string, number> = {};
  for (const sub of subs) {
    for (const store of sub.stores) {
      stores[store.name] = {
        content: contentId(sub),
        type: store.type,
        key: store.keySerde.id,
        value: store.valueSerde.id,
        windowSizeMs: store.windowSizeMs ?? null,
        retentionMs: store.retentionMs ?? store.historyRetentionMs ?? null,
        ...(store.sourceTopic !== undefined && { sourceTopic: store.sourceTopic }),
      };
    }
    for (const topic of sub.sourceTopics) topics[topic] = counts.get(topic) as number;
  }
  const subTopologyFacts = subs.map((sub) => ({
    content: contentId(sub),
    partitions: taskCount(sub, counts),
    stores: sub.stores.map(({ name }) => name),
    topics: sub.sourceTopics,
  }));
  return { applicationId: app.id, pinCount: app.pins, subTopologies: subTopologyFacts, stores, topics };
}

async function settleManifest(wanted: WantedApplication, leases: LeaseTable, mode: PrepareMode): Promise<AppManifest> {
  for (let tries = 0; tries < MANIFEST_TRIES_MAX; tries++) {
    const row = await leases.readDocument(APP_MANIFEST_DOCUMENT);
    const decision = decideManifest(row === undefined ? undefined : decodeAppManifest(row.body), wanted);
    if (decision.kind === "refuse") throw decision.error;
    if (decision.kind === "same") return decision.manifest;
    if (mode === "check") {
      throw new StreamError(
        "TOPOLOGY_INCOMPATIBLE",
        `application ${wanted.applicationId} was not deployed with this topology yet: let the coordinator run once`,
        { details: { applicationId: wanted.applicationId } },
      );
    }
    const { written } = await leases.writeDocument(
      APP_MANIFEST_DOCUMENT,
      row?.version ?? 0,
      encodeAppManifest(decision.manifest),
    );
    if (written) return decision.manifest; // else another coordinator wrote: decide again on what is there
  }
  throw new StreamError("LEASE_TABLE_UNAVAILABLE", "the app manifest was written by others again and again", {
    details: { applicationId: wanted.applicationId, tries: MANIFEST_TRIES_MAX },
  });
}

function positions(applicationId: string, pinCount: number, { replicas }: Settings["topics"]): TopicSpec {
  const configs = { "cleanup.policy": "compact", "message.timestamp.type": "CreateTime", "retention.ms": "-1" };
  return { name: positionsTopic(applicationId), partitions: pinCount, replicas, configs };
}

function checkInternal(
  internal: readonly (TopicSpec | InternalTopic)[],
  described: ReadonlyMap<string, TopicDescription>,
): void {
  for (const { name, partitions } of internal) {
    const found = described.get(name);
    if (found === undefined)
      throw new StreamError(
        "TOPIC_MISSING",
        `internal topic ${name} does not exist: let the coordinator run once, or allow it to create topics`,
        { details: { topic: name } },
      );
    if (found.partitions === partitions) continue;
    throw new StreamError(
      "PARTITIONS_CHANGED",
      `internal topic ${name} has ${found.partitions} partitions, it needs ${partitions}: it was changed or created by something else; delete it if it holds nothing you need, or run "millrace migrate"`,
      {
        details: { topic: name, partitions: found.partitions, expected: partitions },
      },
    );
  }
}

function resolve(parts: {
  app: DeployedApplication;
  manifest: AppManifest;
  subs: readonly SubTopology[];
  topics: ReadonlyMap<string, TopicDescription>;
}): ApplicationPlan {
  const { app, manifest, topics } = parts;
  const counts = new Map([...topics].map(([name, { partitions }]) => [name, partitions]));
  const pins = Array.from({ length: manifest.pinCount }, (_, pin): { pin: number; tasks: TaskPlan[] } => ({
    pin,
    tasks: [],
  }));
  for (const sub of parts.subs) {
    const known = manifest.subTopologies.find(({ content }) => content === contentId(sub));
    for (let partition = 0; partition < taskCount(sub, counts); partition++) {
      (pins[partition % manifest.pinCount] as (typeof pins)[number]).tasks.push(
        planTask({ app, sub, counts }, known?.stableId ?? "", partition),
      );
    }
  }
  return {
    applicationId: app.id,
    generation: manifest.generation,
    pinCount: manifest.pinCount,
    topics,
    partitionCounts: counts,
    pins: pins as readonly PinPlan[],
    positionsTopic: positionsTopic(app.id),
    globals: app.topology.globalStores.map((each) => ({ ...each, partitions: counts.get(each.topic) as number })),
    manifest,
  };
}

function planTask(
  of: { app: DeployedApplication; sub: SubTopology; counts: ReadonlyMap<string, number> },
  stableId: string,
  partition: number,
): TaskPlan {
  const { app, sub, counts } = of;
  const { autoOffsetReset = "earliest" } = app;
  const resets = new Map<string, OffsetReset>();
  for (const node of sub.nodes) {
    if (node.kind !== "source") continue;
    for (const topic of node.topics)
      resets.set(physicalTopic(topic, app.id), topic.internal ? "earliest" : (node.offsetReset ?? autoOffsetReset));
  }
  return {
    id: taskId(stableId, partition),
    subTopology: sub,
    partition,
    inputs: sub.sourceTopics
      .filter((topic) => partition < (counts.get(topic) ?? 0))
      .map((topic) => ({
        topic,
        partition,
        key: partitionKey(topic, partition),
        offsetReset: resets.get(topic) ?? "earliest",
      })),
    changelogs: sub.stores.flatMap((store): TaskChangelog[] => {
      const topic = restoredFrom(store, app.id);
      const isSource = store.sourceTopic !== undefined;
      if (topic === undefined || (isSource && partition >= (counts.get(topic) ?? 0))) return [];
      return [{ topic, partition, key: partitionKey(topic, partition), store, isSource }];
    }),
    exceptionHandlers: app.exceptionHandlers ?? failAlways,
    cacheMaxBytes: app.statestoreCacheMaxBytes ?? 0,
  };
}
