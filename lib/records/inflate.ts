import * as zlib from "node:zlib";
import { StreamError } from "../core/errors.ts";
import type { BatchOrigin, Compression } from "./batch.ts";
import { InflatedTooLarge } from "./codecs/inflate-sink.ts";
import { inflateLz4 } from "./codecs/lz4.ts";
import { inflateSnappy } from "./codecs/snappy.ts";

/** Bytes that one batch may inflate to: a small batch must not be able to fill the memory. */
export const MAX_INFLATED_BYTES = 128 * 1024 * 1024;

/** True when this process can read a codec. */
export function canInflate(codec: Compression | undefined): boolean {
  // Node got zstd in 22.15.
  return codec !== undefined && (codec !== "zstd" || typeof zlib.zstdDecompressSync === "function");
}

/** `UNSUPPORTED_COMPRESSION` that names codec and topic. */
export function unsupportedCompression(codec: Compression | undefined, origin: BatchOrigin): StreamError {
  const { topic = "?", partition = -1 } = origin;
  const name = codec ?? "an unknown codec";
  return new StreamError(
    "UNSUPPORTED_COMPRESSION",
    `topic ${topic} has batches compressed with ${name}, which cannot be read: ` +
      (codec === "zstd" ? "zstd needs Node 22.15 or newer" : "produce with none, gzip, snappy, lz4 or zstd"),
    { details: { topic, partition, codec: name } },
  );
}

/**
 * Inflates the records section of a batch.
 *
 * @throws {StreamError} `UNSUPPORTED_COMPRESSION`; `RECORD_TOO_LARGE` above the limit
 * @throws {Error} any other when the bytes are damaged
 */
export function inflate(
  codec: Compression | undefined,
  bytes: Buffer,
  options: { origin: BatchOrigin; maxInflatedBytes: number },
): Buffer {
  const { origin, maxInflatedBytes } = options;
  if (!canInflate(codec)) throw unsupportedCompression(codec, origin);
  try {
    return inflateWith(codec as Compression, bytes, maxInflatedBytes);
  } catch (cause) {
    if (!isTooLarge(cause)) throw cause;
    const { topic = "?", partition = -1 } = origin;
    throw new StreamError(
      "RECORD_TOO_LARGE",
      `a batch of ${topic}-${partition} inflates beyond ${maxInflatedBytes} bytes`,
      { details: { topic, partition, maxInflatedBytes }, cause },
    );
  }
}

function inflateWith(codec: Compression, bytes: Buffer, maxBytes: number): Buffer {
  switch (codec) {
    case "none":
      return bytes;
    case "gzip":
      return zlib.gunzipSync(bytes, { maxOutputLength: maxBytes });
    case "snappy":
      return inflateSnappy(bytes, maxBytes);
    case "lz4":
      return inflateLz4(bytes, maxBytes);
    case "zstd":
      return zlib.zstdDecompressSync(bytes, { maxOutputLength: maxBytes });
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof InflatedTooLarge || (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
}
