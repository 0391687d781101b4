import { crc32 } from "node:zlib";
import type { BrokerEvent } from "../memory/log/events.ts";

/** First bytes of every journal file; the last one is the format's version. */
export const JOURNAL_MAGIC = Buffer.from("MRJRNL\0\x01", "latin1");

const FRAME_HEAD_BYTES = 12;
const NO_BYTES = Buffer.alloc(0);

/**
 * Encodes an event: frame head, description, record batches. The pieces are written one after the other.
 *
 * ```
 * length uint32 (of all that follows) | crc uint32 (of all that follows it) | headLength uint32 | head JSON | batches
 * ```
 */
export function encodeFrame(event: BrokerEvent): Buffer[] {
  const bytes = "bytes" in event ? event.bytes : NO_BYTES;
  const json = Buffer.from(JSON.stringify("bytes" in event ? { ...event, bytes: bytes.length } : event));
  const start = Buffer.allocUnsafe(FRAME_HEAD_BYTES + json.length);
  start.writeUInt32BE(start.length - 4 + bytes.length, 0);
  start.writeUInt32BE(json.length, 8);
  json.copy(start, FRAME_HEAD_BYTES);
  start.writeUInt32BE(crc32(bytes, crc32(start.subarray(8))), 4);
  return bytes.length === 0 ? [start] : [start, bytes];
}

/** A frame that was read, or where reading had to stop. */
export type DecodedFrame =
  | { readonly kind: "event"; readonly event: BrokerEvent; readonly end: number }
  | { readonly kind: "end" }
  /** Cut off or damaged: everything from here on is unusable. */
  | { readonly kind: "torn" };

/** Decodes the frame at `at`. Batches of the event are views of `file`. */
export function decodeFrame(file: Buffer, at: number): DecodedFrame {
  if (at === file.length) return { kind: "end" };
  if (file.length - at < FRAME_HEAD_BYTES) return { kind: "torn" };
  const end = at + 4 + file.readUInt32BE(at);
  const jsonEnd = at + FRAME_HEAD_BYTES + file.readUInt32BE(at + 8);
  if (end > file.length || jsonEnd > end) return { kind: "torn" };
  if (crc32(file.subarray(at + 8, end)) !== file.readUInt32BE(at + 4)) return { kind: "torn" };
  const head = JSON.parse(file.utf8Slice(at + FRAME_HEAD_BYTES, jsonEnd)) as BrokerEvent;
  const event = "bytes" in head ? { ...head, bytes: file.subarray(jsonEnd, end) } : head;
  return { kind: "event", event, end };
}
