import { WireReader } from "../wire/reader.ts";
import type { Answer, WireRequest } from "../wire/request.ts";
import { WireWriter } from "../wire/writer.ts";

/** Buffers up to this size are kept for the next request. */
const KEPT_BYTES = 8 * 1024 * 1024;

/** Keeps the buffer of the last answered request: large ones are expensive to allocate. */
export class FrameBuffers {
  private spare: WireWriter | undefined;

  /** A buffer that nobody else writes to. */
  take(): WireWriter {
    const out = this.spare ?? new WireWriter();
    this.spare = undefined;
    out.reset();
    return out;
  }

  /** Takes a buffer back whose bytes have all been sent. */
  giveBack(out: WireWriter): void {
    if (out.capacityBytes <= KEPT_BYTES) this.spare = out;
  }
}

/**
 * Encodes a whole request: size, header and body.
 *
 * ```
 * size int32, api_key int16, api_version int16, correlation_id int32, client_id nullable_string, tags (flexible), body
 * ```
 * @source Kafka 4.3 RequestHeader.json
 */
export function encodeFrame<A extends Answer>(
  { api, sizeHintBytes = 0, encode }: WireRequest<A>,
  header: { readonly correlationId: number; readonly clientId: string; readonly out: WireWriter },
): Buffer {
  const { out } = header;
  out.reserve(sizeHintBytes + 64);
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
