import { WireReader } from "../wire/reader.ts";
import type { Answer, WireRequest } from "../wire/request.ts";
import { WireWriter } from "../wire/writer.ts";
import type { FramePool } from "./frame-pool.ts";

/** What stands in front of a body, at most about. */
const HEADER_BYTES = 256;

/**
 * Encodes a whole request: size, header and body. Its memory is the pool's.
 *
 * ```
 * size int32, api_key int16, api_version int16, correlation_id int32, client_id nullable_string, tags (flexible), body
 * ```
 * @source Kafka 4.3 RequestHeader.json
 */
export function encodeFrame<A extends Answer>(
  { api, sizeHintBytes = 0, encode }: WireRequest<A>,
  header: { readonly correlationId: number; readonly clientId: string; readonly frames: FramePool },
): Buffer {
  const out = new WireWriter(header.frames.take(sizeHintBytes + HEADER_BYTES));
  out.int32(0).int16(api.key).int16(api.version).int32(header.correlationId).nullableString(header.clientId);
  if (api.flexible) out.noTags();
  encode(out);
  const frame = out.view();
  frame.writeInt32BE(frame.length - 4, 0);
  return frame;
}

/**
 * Decodes the body of an answer: what follows its correlation id.
 * @throws {RangeError} when it ends too early
 */
export function decodeAnswer<A extends Answer>({ api, decode }: WireRequest<A>, body: Buffer): A {
  const answer = new WireReader(body);
  if (api.flexible && api.plainAnswerHeader !== true) answer.tags();
  return decode(answer);
}
