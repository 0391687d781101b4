import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { encodeSnapshot, type SnapshotRequest } from "../../../lib/snapshot/encode.ts";
import { snapshotPath } from "../../../lib/snapshot/paths.ts";
import { SegmentWriter } from "../../../lib/snapshot/segment-writer.ts";
import type { FrozenRows, RowSink, StoreSpec } from "../../../lib/state/store.ts";
import { windowKey } from "../../../lib/state/window-key.ts";

/** Rows of every kind that a segment can hold. Undefined: a tombstone. */
export const rows: readonly (readonly [keyText: string, value: string | undefined, timestampMs: number])[] = [
  ["", "empty key", 0],
  ["AAPL", '{"count":3}', 1_700_000_000_000],
  ["AAPL\u0000", "", 1_699_999_999_999],
  ["GOOG", undefined, 1_700_000_000_001],
  ["REPEATED", "repeated ".repeat(40), 1_700_000_000_001],
  ["\u00ff", "last", -1],
];

/** A segment of the sample rows; stored as it is, because deflate's bytes differ between machines. */
export function sampleSegment(compression: "none" | "deflate-raw"): Buffer {
  const writer = new SegmentWriter({ compression });
  frozen(rows).writeTo(writer);
  return Buffer.concat(writer.finish().parts);
}

/** A snapshot object with a key-value store, a window store, and a store that is only carried over. */
export async function sampleObject(): Promise<{ body: Buffer; manifest: string }> {
  const { object } = await encodeSnapshot(request, { yieldNow: async () => {}, compression: "none" });
  const { body, manifestOffset, manifestLength } = object;
  return { body, manifest: body.toString("utf8", manifestOffset, manifestOffset + manifestLength) };
}

const identity = { applicationId: "stock-trades", generation: 1, pin: 3, epoch: 7, writer: "0123456789abcdef" };
const olderPath = snapshotPath({ ...identity, epoch: 6, version: 11, writer: "fedcba9876543210" });
const counts: StoreSpec = {
  name: "counts",
  type: "timestampedKeyValue",
  keySerde: string() as Serde<unknown>,
  valueSerde: string() as Serde<unknown>,
  logged: true,
};
const windows: StoreSpec = {
  ...counts,
  name: "windows",
  type: "timestampedWindow",
  windowSizeMs: 5_000,
  retentionMs: 60_000,
};
const changelog = (name: string, next: number) => ({
  topic: `stock-trades-${name}-changelog`,
  topicId: "000102030405060708090a0b0c0d0e0f",
  next,
});

const retired = {
  name: "retired",
  partition: 3,
  type: "timestampedKeyValue",
  keySerde: "string",
  valueSerde: "json",
  changelog: changelog("retired", 44),
  storeTimeMs: -1,
  segments: [
    {
      path: olderPath,
      offset: 8,
      length: 120,
      indexLength: 60,
      rows: 2,
      tombstones: 0,
      kind: "full" as const,
      minKey: "QQ==",
      maxKey: "Qg==",
      storeTimeMs: -1,
    },
  ],
};

const request: SnapshotRequest = {
  ...identity,
  seenVersion: 11,
  reason: "age",
  position: '{"format":1,"pin":3,"epoch":7,"transaction":91}',
  nowMs: 1_700_000_100_000,
  previous: {
    format: 1,
    ...identity,
    epoch: 6,
    version: 11,
    reason: "tail",
    createdAtMs: 1_700_000_000_000,
    position: "{}",
    stores: {
      "retired:3": retired,
      "counts:3": { ...retired, name: "counts", valueSerde: "string", changelog: changelog("counts", 90) },
    },
  },
  stores: [
    {
      spec: counts,
      partition: 3,
      changelog: changelog("counts", 95),
      storeTimeMs: -1,
      expiredUpToMs: Number.NEGATIVE_INFINITY,
      change: { kind: "delta", rows: frozen(rows) },
    },
    {
      spec: windows,
      partition: 3,
      changelog: changelog("windows", 17),
      storeTimeMs: 1_700_000_005_000,
      expiredUpToMs: Number.NEGATIVE_INFINITY,
      change: {
        kind: "full",
        rows: frozen([
          [windowKey("AAPL", 1_700_000_000_000), "1", 1_700_000_001_000],
          [windowKey("AAPL", 1_700_000_005_000), "2", 1_700_000_006_000],
        ]),
      },
    },
  ],
};

function frozen(list: typeof rows): FrozenRows {
  const writeTo = (sink: RowSink) => {
    for (const [keyText, value, timestampMs] of list) {
      const bytes = Buffer.from(value ?? "");
      sink.row(keyText, bytes, 0, value === undefined ? -1 : bytes.length, timestampMs);
    }
  };
  const writeSlice = (sink: RowSink) => {
    writeTo(sink);
    return false;
  };
  return { count: list.length, writeTo, writeSlice, discard: () => {} };
}
