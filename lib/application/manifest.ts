import { StreamError } from "../core/errors.ts";

/** Version of the stored form; see docs/formats/app-manifest.md. */
export const APP_MANIFEST_FORMAT = 1;

/** A sub-topology as the manifest knows it. */
export interface ManifestSubTopology {
  /** Given once, never reused: `s0`, `s1`, … */
  readonly stableId: string;
  /** What it is: sorted source topics and store names. */
  readonly content: string;
  readonly partitions: number;
}

/** A store's signature: a change of any field needs a migration. */
export interface ManifestStore {
  readonly subTopology: string;
  readonly type: string;
  readonly key: string;
  readonly value: string;
  readonly windowSizeMs: number | null;
  readonly retentionMs: number | null;
  /** The source topic that is its changelog; absent for one of its own, or none. */
  readonly sourceTopic?: string;
}

/**
 * What an application is, across deploys: one conditional document, checked at every claim.
 *
 * It names tasks: a task that changed its name would be written by two workers that cannot fence each other.
 */
export interface AppManifest {
  readonly applicationId: string;
  readonly generation: number;
  readonly pinCount: number;
  readonly subTopologies: readonly ManifestSubTopology[];
  /** Next number for a stable id. */
  readonly nextId: number;
  readonly stores: Readonly<Record<string, ManifestStore>>;
  /** Partition counts of the source topics. */
  readonly topics: Readonly<Record<string, number>>;
  /** Which topics each pattern of a source stands for; absent where there is none. */
  readonly patterns?: Readonly<Record<string, readonly string[]>>;
}

/** What the deployed code and the broker say now. */
export interface WantedApplication {
  readonly applicationId: string;
  readonly pinCount: number | undefined;
  readonly subTopologies: readonly {
    readonly content: string;
    readonly partitions: number;
    readonly stores: readonly string[];
    readonly topics: readonly string[];
  }[];
  readonly stores: Readonly<Record<string, Omit<ManifestStore, "subTopology"> & { readonly content: string }>>;
  readonly topics: Readonly<Record<string, number>>;
  readonly patterns: Readonly<Record<string, readonly string[]>>;
}

/** What is to be done with the stored manifest. */
export type ManifestDecision =
  | { readonly kind: "create"; readonly manifest: AppManifest }
  | { readonly kind: "same"; readonly manifest: AppManifest }
  /** New sub-topologies with nothing in common with old ones. */
  | { readonly kind: "extend"; readonly manifest: AppManifest }
  | { readonly kind: "refuse"; readonly error: StreamError };

/** Decides whether the deployed topology may run on the state that exists. Pure. */
export function decideManifest(stored: AppManifest | undefined, wanted: WantedApplication): ManifestDecision {
  if (stored === undefined) return create(wanted);
  const refusal =
    changedPins(stored, wanted) ??
    changedPartitions(stored, wanted) ??
    movedStore(stored, wanted) ??
    changedStore(stored, wanted) ??
    changedContent(stored, wanted);
  if (refusal !== undefined) return { kind: "refuse", error: refusal };
  const known = new Set(stored.subTopologies.map((sub) => sub.content));
  const isNew = wanted.subTopologies.some((sub) => !known.has(sub.content));
  return isNew ? { kind: "extend", manifest: extend(stored, wanted) } : { kind: "same", manifest: stored };
}

/** Tasks that may share a pin: they move together, and their records wait for one another's commit. */
const TASKS_PER_PIN_MAX = 16;

function create(wanted: WantedApplication): ManifestDecision {
  const manifest = extend(emptyManifest(wanted), wanted);
  const tasksWith = (pins: number): number =>
    wanted.subTopologies.reduce((sum, { partitions }) => sum + Math.ceil(partitions / pins), 0);
  const tasks = tasksWith(manifest.pinCount);
  if (wanted.pinCount === undefined || tasks <= TASKS_PER_PIN_MAX) return { kind: "create", manifest };
  const largest = Math.max(...wanted.subTopologies.map(({ partitions }) => partitions));
  let enough = manifest.pinCount;
  while (enough < largest && tasksWith(enough) > TASKS_PER_PIN_MAX) enough++;
  const { applicationId, pinCount } = wanted;
  const error = new StreamError(
    "TOPOLOGY_INVALID",
    `application ${applicationId} would have ${tasks} tasks in one of its ${pinCount} pins, at most are ${TASKS_PER_PIN_MAX}: give it at least ${enough} pins`,
    { details: { applicationId, pins: pinCount, tasks } },
  );
  return { kind: "refuse", error };
}

function changedPins(stored: AppManifest, wanted: WantedApplication): StreamError | undefined {
  if (wanted.pinCount === undefined || wanted.pinCount === stored.pinCount) return undefined;
  return incompatible(
    `application ${stored.applicationId} was created with ${stored.pinCount} pins, which its leases, positions and snapshots are by; now it asks for ${wanted.pinCount}`,
    { pins: String(wanted.pinCount) },
  );
}

function emptyManifest(wanted: WantedApplication): AppManifest {
  const pinCount = wanted.pinCount ?? Math.max(1, ...wanted.subTopologies.map((sub) => sub.partitions));
  return {
    applicationId: wanted.applicationId,
    generation: 1,
    pinCount,
    subTopologies: [],
    nextId: 0,
    stores: {},
    topics: {},
  };
}

function extend(base: AppManifest, wanted: WantedApplication): AppManifest {
  const subTopologies = [...base.subTopologies];
  let nextId = base.nextId;
  for (const { content, partitions } of wanted.subTopologies) {
    if (!subTopologies.some((sub) => sub.content === content))
      subTopologies.push({ stableId: `s${nextId++}`, content, partitions });
  }
  const idOf = new Map(subTopologies.map((sub) => [sub.content, sub.stableId]));
  const stores: Record<string, ManifestStore> = { ...base.stores };
  for (const [name, { content, ...signature }] of Object.entries(wanted.stores)) {
    stores[name] = { subTopology: idOf.get(content) ?? "", ...signature };
  }
  const patterns = { ...base.patterns, ...wanted.patterns };
  return {
    ...base,
    subTopologies,
    nextId,
    stores,
    topics: { ...base.topics, ...wanted.topics },
    ...(Object.keys(patterns).length > 0 && { patterns }),
  };
}

function changedPartitions(stored: AppManifest, wanted: WantedApplication): StreamError | undefined {
  for (const [topic, partitions] of Object.entries(wanted.topics)) {
    const before = stored.topics[topic];
    if (before === undefined || before === partitions) continue;
    return new StreamError(
      "PARTITIONS_CHANGED",
      `topic ${topic} has ${partitions} partitions, application ${stored.applicationId} was created with ${before}: keys are now in other partitions than their state; run "millrace migrate", or restore the partition count`,
      { details: { topic, partitions, before } },
    );
  }
  return undefined;
}

function movedStore(stored: AppManifest, wanted: WantedApplication): StreamError | undefined {
  const contentOf = new Map(stored.subTopologies.map((sub) => [sub.stableId, sub.content]));
  for (const [name, store] of Object.entries(wanted.stores)) {
    const before = stored.stores[name];
    if (before === undefined) continue;
    const content = contentOf.get(before.subTopology);
    if (content === store.content) continue;
    return incompatible(
      `store ${name} moved from sub-topology ${before.subTopology} (${content ?? "gone"}) to another (${store.content}): its old and its new writer could not fence each other`,
      { store: name },
    );
  }
  return undefined;
}

function changedStore(stored: AppManifest, wanted: WantedApplication): StreamError | undefined {
  for (const [name, store] of Object.entries(wanted.stores)) {
    const before = stored.stores[name];
    if (before === undefined) continue;
    for (const field of ["type", "key", "value", "windowSizeMs", "retentionMs", "sourceTopic"] as const) {
      if (before[field] === store[field]) continue;
      return incompatible(
        `store ${name} changed its ${field} from ${String(before[field])} to ${String(store[field])}`,
        { store: name, field },
      );
    }
  }
  return undefined;
}

function changedContent(stored: AppManifest, wanted: WantedApplication): StreamError | undefined {
  const now = new Set(wanted.subTopologies.map((sub) => sub.content));
  for (const { stableId, content } of stored.subTopologies) {
    if (now.has(content)) continue;
    return incompatible(`sub-topology ${stableId} (${content}) is gone or reads and keeps something else now`, {
      subTopology: stableId,
    });
  }
  return undefined;
}

function incompatible(what: string, details: Record<string, string>): StreamError {
  return new StreamError(
    "TOPOLOGY_INCOMPATIBLE",
    `${what}; run "millrace migrate" to start a new generation, or deploy the earlier topology`,
    { details },
  );
}

/** The stored text of a manifest. */
export function encodeAppManifest(manifest: AppManifest): string {
  return JSON.stringify({ format: APP_MANIFEST_FORMAT, ...manifest });
}

/**
 * Reads a stored manifest.
 * @throws {StreamError} `SCHEMA_UNKNOWN` when a newer version wrote it
 */
export function decodeAppManifest(text: string): AppManifest {
  const { format, ...manifest } = parse(text);
  if (format !== APP_MANIFEST_FORMAT) {
    throw new StreamError(
      "SCHEMA_UNKNOWN",
      `app manifest format ${String(format)} is not known to this version: deploy the version that wrote it, or a newer one`,
    );
  }
  return manifest;
}

function parse(text: string): AppManifest & { format: unknown } {
  try {
    return JSON.parse(text) as AppManifest & { format: unknown };
  } catch (cause) {
    throw new StreamError(
      "SCHEMA_UNKNOWN",
      "the app manifest in the lease table is not JSON: it was overwritten; restore the table, or delete the document app-manifest and let the coordinator deploy again",
      { cause },
    );
  }
}
