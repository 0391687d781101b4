import { isStreamError, StreamError } from "../core/errors.ts";
import { parseSnapshotPath } from "./paths.ts";
import { MANIFEST_FORMAT, type Manifest, type ManifestStore, type SegmentRef, storeKey } from "./types.ts";

/** The bytes of a manifest: UTF-8 JSON, stores by key, so equal manifests have equal bytes. */
export function encodeManifest(manifest: Manifest): Buffer {
  const stores = Object.fromEntries(Object.entries(manifest.stores).sort(([a], [b]) => (a < b ? -1 : 1)));
  return Buffer.from(JSON.stringify({ ...manifest, stores }), "utf8");
}

/**
 * Reads a manifest. Fields that this version does not know are kept, so a store that is carried over loses nothing.
 *
 * @throws {StreamError} `SCHEMA_UNKNOWN` when a newer version wrote it, `CORRUPT_SNAPSHOT` when it is no manifest
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
  } catch (cause) {
    throw new StreamError("CORRUPT_SNAPSHOT", "a manifest is not JSON", { cause });
  }
  const root = new Fields(parsed, "manifest");
  const format = root.integer("format");
  if (format !== MANIFEST_FORMAT) {
    throw new StreamError(
      "SCHEMA_UNKNOWN",
      `manifest format ${format} is not known to this version (it knows ${MANIFEST_FORMAT}): deploy the version that wrote it, or a newer one`,
      { details: { format, known: MANIFEST_FORMAT } },
    );
  }
  for (const name of ["applicationId", "writer", "reason", "position"]) root.text(name);
  for (const name of ["generation", "pin", "epoch", "version", "createdAtMs"]) root.integer(name);
  for (const [key, value] of Object.entries(root.fields("stores").record)) checkStore(key, value);
  return parsed as Manifest;
}

function checkStore(key: string, value: unknown): void {
  const store = new Fields(value, `store ${key}`);
  for (const name of ["name", "type", "keySerde", "valueSerde"]) store.text(name);
  for (const name of ["partition", "storeTimeMs"]) store.integer(name);
  const changelog = store.fields("changelog");
  for (const name of ["topic", "topicId"]) changelog.text(name);
  changelog.integer("next");
  const { name, partition } = value as ManifestStore;
  if (key !== storeKey(name, partition)) throw malformed(`store ${key} calls itself ${storeKey(name, partition)}`);
  for (const segment of store.list("segments")) checkSegment(key, segment);
}

function checkSegment(key: string, value: unknown): void {
  const segment = new Fields(value, `a segment of store ${key}`);
  for (const name of ["path", "kind", "minKey", "maxKey"]) segment.text(name);
  for (const name of ["offset", "length", "indexLength", "rows", "tombstones", "storeTimeMs"]) segment.integer(name);
  const { path, kind } = value as SegmentRef;
  if (kind !== "full" && kind !== "delta") throw malformed(`a segment of store ${key} is of kind ${kind}`);
  // A manifest is data from outside: no path in it may lead anywhere else.
  if (parseSnapshotPath(path) === undefined) throw malformed(`a segment of store ${key} is not in a snapshot object`);
}

/** Reads typed fields of a parsed object; names the field that is wrong. */
class Fields {
  readonly record: Record<string, unknown>;
  private readonly what: string;

  constructor(value: unknown, what: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw malformed(`${what} is not an object`);
    this.record = value as Record<string, unknown>;
    this.what = what;
  }

  text(name: string): string {
    const value = this.record[name];
    if (typeof value !== "string") throw malformed(`${name} of ${this.what} is not text`);
    return value;
  }

  integer(name: string): number {
    const value = this.record[name];
    if (!Number.isSafeInteger(value)) throw malformed(`${name} of ${this.what} is not an integer`);
    return value as number;
  }

  list(name: string): readonly unknown[] {
    const value = this.record[name];
    if (!Array.isArray(value)) throw malformed(`${name} of ${this.what} is not a list`);
    return value;
  }

  fields(name: string): Fields {
    return new Fields(this.record[name], `${name} of ${this.what}`);
  }
}

function malformed(message: string): StreamError {
  return new StreamError("CORRUPT_SNAPSHOT", `malformed manifest: ${message}`);
}

/** Whether an error says that bytes were not what they should be: one more read may help. */
export function isCorrupt(error: unknown): boolean {
  return isStreamError(error, "CORRUPT_SNAPSHOT");
}
