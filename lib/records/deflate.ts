import * as zlib from "node:zlib";
import { type Compression, compressionCodecs } from "./batch.ts";
import { deflateLz4 } from "./codecs/lz4.ts";
import { deflateSnappy } from "./codecs/snappy.ts";
import { crc32c } from "./crc32c.ts";
import { BATCH_LENGTH_OVERHEAD, batchAttributes, batchLayout } from "./layout.ts";

/**
 * Compresses the records of a finished batch.
 *
 * @returns a batch of its own memory, or `batch` itself when its records do not get smaller
 * @example
 * const writer = new RecordWriter();
 * writer.append(0, null, Buffer.alloc(1_000, "x"));
 * const batch = writer.finish({ producerId: -1, producerEpoch: -1, baseSequence: -1, transactional: false });
 * compressBatch(batch, "lz4").length < 120; // true
 */
export function compressBatch(batch: Buffer, codec: Compression): Buffer {
  const section = batch.subarray(batchLayout.records);
  const deflated = deflate(codec, section);
  if (deflated.length >= section.length) return batch;
  const made = Buffer.concat([batch.subarray(0, batchLayout.records), deflated]);
  made.writeInt32BE(made.length - BATCH_LENGTH_OVERHEAD, batchLayout.batchLength);
  const attributes = made.readInt16BE(batchLayout.attributes) & ~batchAttributes.codecMask;
  made.writeInt16BE(attributes | compressionCodecs.indexOf(codec), batchLayout.attributes);
  made.writeUInt32BE(crc32c(made, batchLayout.attributes, made.length), batchLayout.crc);
  return made;
}

function deflate(codec: Compression, section: Buffer): Buffer {
  switch (codec) {
    case "none":
      return section;
    case "gzip":
      return zlib.gzipSync(section);
    case "snappy":
      return deflateSnappy(section);
    case "lz4":
      return deflateLz4(section);
    case "zstd":
      return zlib.zstdCompressSync(section);
  }
}
