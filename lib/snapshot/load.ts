/** Reads manifests and segments from the object store: checked, and read once more when the bytes are wrong. */
import { StreamError } from "../core/errors.ts";
import type { SnapshotPointer } from "../ports/lease-table.ts";
import type { ByteRange, ObjectStore } from "../ports/object-store.ts";
import { isCorrupt } from "./manifest.ts";
import { OBJECT_FOOTER_BYTES, readFooter, readManifest } from "./object.ts";
import type { Manifest } from "./types.ts";

/** Enough for the manifest of a pin with a few hundred segments. */
const SUFFIX_BYTES = 64 * 1024;

/**
 * Reads the manifest that a pointer names: one ranged read.
 *
 * @throws {StreamError} `CORRUPT_SNAPSHOT` when it is missing or damaged, `SCHEMA_UNKNOWN` when a newer version wrote it
 */
export async function loadSnapshot(options: { objects: ObjectStore; pointer: SnapshotPointer }): Promise<Manifest> {
  const { objects, pointer } = options;
  const range = { start: pointer.manifestOffset, length: pointer.manifestLength + OBJECT_FOOTER_BYTES };
  return readTwice(pointer.path, async () => readManifest(await readPart(objects, pointer.path, range)));
}

/**
 * Reads the manifest of an object of which only the path is known, and makes a pointer to it.
 *
 * @throws {StreamError} `CORRUPT_SNAPSHOT`, `SCHEMA_UNKNOWN`
 */
export async function loadSnapshotAt(options: {
  objects: ObjectStore;
  path: string;
}): Promise<{ manifest: Manifest; pointer: SnapshotPointer }> {
  const { objects, path } = options;
  return readTwice(path, async () => {
    let bytes = await readPart(objects, path, { suffix: SUFFIX_BYTES });
    const { manifestOffset, manifestLength } = readFooter(bytes);
    const needed = manifestLength + OBJECT_FOOTER_BYTES;
    if (needed > bytes.length) bytes = await readPart(objects, path, { suffix: needed });
    const manifest = readManifest(bytes);
    const { version, epoch, createdAtMs } = manifest;
    return { manifest, pointer: { path, manifestOffset, manifestLength, version, epoch, publishedAtMs: createdAtMs } };
  });
}

/** Part of an object that must be there. @throws {StreamError} `CORRUPT_SNAPSHOT` */
export async function readPart(objects: ObjectStore, path: string, range: ByteRange): Promise<Buffer> {
  const bytes = await objects.readRange(path, range);
  if (bytes === undefined) {
    throw new StreamError("CORRUPT_SNAPSHOT", `object ${path} is missing`, { details: { path } });
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Runs a read; once more when the bytes were wrong: a damaged transfer is more likely than a damaged object. */
export async function readTwice<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isCorrupt(error)) throw error;
  }
  try {
    return await read();
  } catch (cause) {
    if (!isCorrupt(cause)) throw cause;
    throw new StreamError("CORRUPT_SNAPSHOT", `snapshot object ${path} is damaged: ${(cause as Error).message}`, {
      details: { path },
      cause,
    });
  }
}
