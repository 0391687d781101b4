import { WireReader } from "../../lib/adapters/kafka/wire/reader.ts";
import { WireWriter } from "../../lib/adapters/kafka/wire/writer.ts";

/** Requests of a transaction that can be refused, by Kafka's number. */
export const refusableApis = {
  Produce: 0,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
} as const;

/** A request of a transaction that can be refused. */
export type RefusableApi = keyof typeof refusableApis;

/** The first versions with tagged fields in the header. */
const firstFlexible: Readonly<Record<RefusableApi, number>> = {
  Produce: 9,
  InitProducerId: 2,
  AddPartitionsToTxn: 3,
  AddOffsetsToTxn: 3,
  EndTxn: 3,
  TxnOffsetCommit: 3,
};

/** A partition of a request; the tests send one at a time. */
interface Place {
  readonly topic: string;
  readonly partition: number;
}

/**
 * The frame that a broker answers a request with when it refuses it: for the versions that we speak, and for requests about
 * one partition.
 *
 * @param request the whole frame of the request
 * @source Kafka 4.3, the layouts are in `lib/adapters/kafka/api`
 */
export function refusalOf(request: Buffer, code: number): Buffer {
  const key = request.readInt16BE(4);
  const version = request.readInt16BE(6);
  const api = (Object.keys(refusableApis) as RefusableApi[]).find((name) => refusableApis[name] === key);
  if (api === undefined) throw new Error(`request ${key} is not one that can be refused`);
  const flexible = version >= firstFlexible[api];
  const body = new WireReader(request.subarray(14 + Math.max(0, request.readInt16BE(12)) + (flexible ? 1 : 0)));
  const out = new WireWriter();
  out.int32(0).int32(request.readInt32BE(8));
  if (flexible) out.noTags();
  answers[api](out, { body, flexible, code });
  const frame = Buffer.from(out.view());
  frame.writeInt32BE(frame.length - 4, 0);
  return frame;
}

interface Refusal {
  readonly body: WireReader;
  readonly flexible: boolean;
  readonly code: number;
}

const answers: Readonly<Record<RefusableApi, (out: WireWriter, refusal: Refusal) => void>> = {
  Produce: (out, { body, flexible, code }) => {
    if (flexible) body.compactNullableString();
    else body.nullableString();
    body.int16();
    body.int32();
    onePartition(out, { place: placeOf(body, flexible), flexible, code }, () => {
      out.int64(-1).int64(-1).int64(-1);
      if (flexible) out.compactArray([], () => {}).compactNullableString(null);
      else out.int32(0).nullableString(null);
    });
    out.int32(0);
    if (flexible) out.noTags();
  },
  InitProducerId: (out, { code }) => {
    out.int32(0).int16(code).int64(-1).int16(-1);
  },
  AddPartitionsToTxn: (out, { body, code }) => {
    body.string();
    body.int64();
    body.int16();
    out.int32(0);
    onePartition(out, { place: placeOf(body, false), flexible: false, code });
  },
  AddOffsetsToTxn: (out, { code }) => {
    out.int32(0).int16(code);
  },
  EndTxn: (out, { flexible, code }) => {
    out.int32(0).int16(code);
    if (flexible) out.int64(-1).int16(-1).noTags();
  },
  TxnOffsetCommit: (out, { body, flexible, code }) => {
    for (let name = 0; name < 2; name++) flexible ? body.compactString() : body.string();
    body.int64();
    body.int16();
    if (flexible) {
      body.int32();
      body.compactString();
      body.compactNullableString();
    }
    out.int32(0);
    onePartition(out, { place: placeOf(body, flexible), flexible, code });
    if (flexible) out.noTags();
  },
};

/** Topic and partition at which an array of topics begins; nothing behind is read. */
function placeOf(body: WireReader, flexible: boolean): Place {
  const places = flexible
    ? body.compactArray(() => ({ topic: body.compactString(), partition: body.compactArray(() => body.int32())[0] }))
    : body.array(() => ({ topic: body.string(), partition: body.array(() => body.int32())[0] }));
  const [{ topic, partition } = { topic: "", partition: undefined }] = places;
  if (places.length !== 1 || partition === undefined) throw new Error("only requests about one partition are refused");
  return { topic, partition };
}

/** An array of one topic with one partition and its error code. */
function onePartition(
  out: WireWriter,
  { place, flexible, code }: { readonly place: Place; readonly flexible: boolean; readonly code: number },
  more: () => void = () => {},
): void {
  const partition = () => {
    out.int32(place.partition).int16(code);
    more();
    if (flexible) out.noTags();
  };
  if (!flexible) {
    out.array([place], ({ topic }) => out.string(topic).array([place], partition));
    return;
  }
  out.compactArray([place], ({ topic }) => {
    out.compactString(topic).compactArray([place], partition).noTags();
  });
}
