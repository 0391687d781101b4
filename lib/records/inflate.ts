import * as zlib from "node:zlib";
import { StreamError } from "../core/errors.ts";
import type { BatchOrigin, Compression } from "./batch.ts";

/** Bytes that one batch may inflate to: a small batch must not be able to fill the memory. */
export const MAX_INFLATED_BYTES = 128 * 1024 * 1024;

/** True when this process can read a codec. */
export function canInflate(codec: Compression | undefined): boolean {
  // Node got zstd in 22.15.
  return codec === "none" || codec === "gzip" || (codec === "zstd" && typeof zlib.zstdDecompressSync === "function");
}

/** `UNSUPPORTED_COMPRESSION` that names codec and topic. */
export function unsupportedCompression(codec: Compression | undefined, origin: BatchOrigin): StreamError {
  const { topic = "?", partition = -1 } = origin;
  const name = codec ?? "an unknown codec";
  return new StreamError(
    "UNSUPPORTED_COMPRESSION",
    `topic ${topic} has batches compressed with ${name}, which cannot be read: produce with gzip, zstd or none` +
      (codec === "zstd" ? "; zstd needs Node 22.15" : ""),
    { details: { topic, partition, codec: name } },
  );
}

/**
 * Inflates the records section of a batch.
 *
 * @throws {StreamError} `UNSUPPORTED_COMPRESSION`; `RECORD_TOO_LARGE` above the limit
 * @throws what `node:zlib` throws when the bytes are damaged
 */
export function inflate(
  codec: Compression | undefined,
  bytes: Uint8Array,
  options: { origin: BatchOrigin; maxInflatedBytes: number },
): Buffer {
  if (codec === "none" || !canInflate(codec)) throw unsupportedCompression(codec, options.origin);
  try {
    const limits = { maxOutputLength: options.maxInflatedBytes };
    return codec === "gzip" ? zlib.gunzipSync(bytes, limits) : zlib.zstdDecompressSync(bytes, limits);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") throw cause;
    const { topic = "?", partition = -1 } = options.origin;
    throw new StreamError(
      "RECORD_TOO_LARGE",
      `a batch of ${topic}-${partition} inflates beyond ${options.maxInflatedBytes} bytes`,
      { details: { topic, partition, maxInflatedBytes: options.maxInflatedBytes }, cause },
    );
  }
}
