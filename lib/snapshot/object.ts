/**
 * The snapshot object: segments, then the manifest, then a footer. One PUT writes it, one ranged read finds the manifest.
 *
 * `header | segment* | manifest | footer`; version 1, integers big-endian; docs/formats/snapshot.md describes it.
 */
import { crc32 } from "node:zlib";
import { StreamError } from "../core/errors.ts";
import { decodeManifest, encodeManifest } from "./manifest.ts";
import type { EncodedSegment } from "./segment-writer.ts";
import type { Manifest } from "./types.ts";

const MAGIC = "MRSN";
/** Version in header and footer. */
export const OBJECT_VERSION = 1;
/** `MRSN`, version, three zero bytes. */
export const OBJECT_HEADER_BYTES = 8;
/** Manifest offset (int64), its length (int32), its CRC-32, eight zero bytes, `MRSN`, version, three zero bytes. */
export const OBJECT_FOOTER_BYTES = 32;

/** A finished object. */
export interface EncodedObject {
  readonly body: Buffer;
  readonly manifestOffset: number;
  readonly manifestLength: number;
}

/** Collects the parts of a snapshot object. */
export class SnapshotObjectWriter {
  private readonly parts: Buffer[] = [markOf(OBJECT_HEADER_BYTES)];
  private length = OBJECT_HEADER_BYTES;

  /** Adds a segment. @returns its offset in the object */
  add(segment: EncodedSegment): number {
    const offset = this.length;
    this.parts.push(...segment.parts);
    this.length += segment.length;
    return offset;
  }

  /** Ends the object with its manifest. */
  finish(manifest: Manifest): EncodedObject {
    const encoded = encodeManifest(manifest);
    const footer = markOf(OBJECT_FOOTER_BYTES);
    footer.writeBigInt64BE(BigInt(this.length), 0);
    footer.writeUInt32BE(encoded.length, 8);
    footer.writeUInt32BE(crc32(encoded), 12);
    const body = Buffer.concat([...this.parts, encoded, footer]);
    return { body, manifestOffset: this.length, manifestLength: encoded.length };
  }
}

/** Where a manifest is, as the footer tells. */
export interface Footer {
  readonly manifestOffset: number;
  readonly manifestLength: number;
  readonly manifestCrc: number;
}

/** Reads the footer, the last bytes of `bytes`. @throws {StreamError} `CORRUPT_SNAPSHOT`, `SCHEMA_UNKNOWN` */
export function readFooter(bytes: Buffer): Footer {
  const at = bytes.length - OBJECT_FOOTER_BYTES;
  if (at < 0 || bytes.latin1Slice(at + 24, at + 28) !== MAGIC) {
    throw new StreamError("CORRUPT_SNAPSHOT", "a snapshot object does not end with its mark");
  }
  const version = bytes[at + 28] as number;
  if (version !== OBJECT_VERSION) {
    throw new StreamError(
      "SCHEMA_UNKNOWN",
      `snapshot object format ${version} is not known to this version (it knows ${OBJECT_VERSION}): deploy the version that wrote it, or a newer one`,
      { details: { format: version, known: OBJECT_VERSION } },
    );
  }
  return {
    manifestOffset: Number(bytes.readBigInt64BE(at)),
    manifestLength: bytes.readUInt32BE(at + 8),
    manifestCrc: bytes.readUInt32BE(at + 12),
  };
}

/**
 * Reads the manifest from the end of an object.
 *
 * @param bytes Manifest and footer: the last bytes of the object.
 * @throws {StreamError} `CORRUPT_SNAPSHOT`, `SCHEMA_UNKNOWN`
 */
export function readManifest(bytes: Buffer): Manifest {
  const { manifestLength, manifestCrc } = readFooter(bytes);
  const end = bytes.length - OBJECT_FOOTER_BYTES;
  const encoded = bytes.subarray(Math.max(0, end - manifestLength), end);
  if (encoded.length !== manifestLength || crc32(encoded) !== manifestCrc) {
    throw new StreamError("CORRUPT_SNAPSHOT", "a manifest has a wrong checksum");
  }
  return decodeManifest(encoded);
}

function markOf(length: number): Buffer {
  const mark = Buffer.alloc(length);
  mark.latin1Write(MAGIC, length - 8);
  mark[length - 4] = OBJECT_VERSION;
  return mark;
}
