import { describe, expect, test } from "vitest";
import type { LeaseRow, SnapshotPointer } from "../../../lib/ports/lease-table.ts";
import {
  decideAfterExists,
  decideAfterPointerMoved,
  decideRestore,
  decideStore,
  defaultSnapshotConfig,
  type RestoreFacts,
  type StoreFacts,
} from "../../../lib/snapshot/decide.ts";
import type { ManifestStore, SegmentRef } from "../../../lib/snapshot/types.ts";

const config = defaultSnapshotConfig;
const segment = (kind: "full" | "delta", length: number): SegmentRef => ({
  path: "p",
  offset: 8,
  length,
  indexLength: 40,
  rows: 1,
  tombstones: 0,
  kind,
  minKey: "",
  maxKey: "",
  storeTimeMs: -1,
});
const stored = (...segments: SegmentRef[]): ManifestStore => ({
  name: "counts",
  partition: 3,
  type: "timestampedKeyValue",
  keySerde: "string",
  valueSerde: "json",
  changelog: { topic: "t", topicId: "00ff", next: 100 },
  storeTimeMs: -1,
  segments,
});
const full = segment("full", 10_000_000);
const deltas = (count: number, length = 1_000) => Array.from({ length: count }, () => segment("delta", length));

describe("what is written of a store", () => {
  const facts: StoreFacts = { previous: stored(full), changedCount: 5, sizeBytes: 20_000_000, lostChanges: false };

  test.for<{ name: string; facts: Partial<StoreFacts>; want: string }>([
    { name: "some changes on a large store", facts: {}, want: "delta" },
    { name: "no changes", facts: { changedCount: 0 }, want: "keep" },
    { name: "no manifest yet", facts: { previous: undefined, changedCount: 0 }, want: "full" },
    { name: "changes were lost with a failed attempt", facts: { lostChanges: true, changedCount: 0 }, want: "full" },
    { name: "a store at the small limit", facts: { sizeBytes: config.smallStoreBytes }, want: "full" },
    { name: "a store just above it", facts: { sizeBytes: config.smallStoreBytes + 1 }, want: "delta" },
    { name: "one delta below the limit", facts: { previous: stored(full, ...deltas(7)) }, want: "delta" },
    { name: "as many deltas as allowed", facts: { previous: stored(full, ...deltas(8)) }, want: "full" },
    {
      name: "deltas of half the full segment",
      facts: { previous: stored(full, ...deltas(2, 2_500_000)) },
      want: "delta",
    },
    { name: "deltas of more than half", facts: { previous: stored(full, ...deltas(2, 2_500_001)) }, want: "full" },
    { name: "windows whose full segment expired", facts: { previous: stored(...deltas(3, 5_000_000)) }, want: "delta" },
  ])("$name: $want", ({ facts: part, want }) => {
    expect(decideStore({ ...facts, ...part }, config)).toEqual({ kind: want });
  });
});

test.for([
  { mine: "abc", found: "abc", want: "ours" },
  { mine: "abc", found: "abd", want: "foreign" },
  { mine: "abc", found: "ab", want: "foreign" },
  { mine: "", found: "", want: "ours" },
])("an object '$found' where '$mine' was to be written is $want", ({ mine, found, want }) => {
  expect(decideAfterExists(Buffer.from(mine), Buffer.from(found))).toEqual({ kind: want });
});

describe("a refused pointer update", () => {
  const pointer: SnapshotPointer = {
    path: "mine",
    manifestOffset: 8,
    manifestLength: 9,
    version: 5,
    epoch: 2,
    publishedAtMs: 1,
  };
  const row: LeaseRow = { pin: 0, epoch: 2, owner: "w", lastOwner: "w", asleep: false, pointer: undefined, version: 4 };

  test.for<{ name: string; row: LeaseRow | undefined; want: string }>([
    { name: "nothing moved", row, want: "retry" },
    { name: "the pointer is ours", row: { ...row, pointer, version: 5 }, want: "published" },
    {
      name: "the pointer is ours, the lease already another's",
      row: { ...row, pointer, version: 5, owner: "x", epoch: 3 },
      want: "published",
    },
    { name: "another epoch", row: { ...row, epoch: 3 }, want: "moved" },
    { name: "another owner", row: { ...row, owner: "x" }, want: "moved" },
    { name: "no owner", row: { ...row, owner: undefined }, want: "moved" },
    { name: "another version", row: { ...row, version: 5, pointer: { ...pointer, path: "other" } }, want: "moved" },
    { name: "no row", row: undefined, want: "moved" },
  ])("$name: $want", ({ row: found, want }) => {
    expect(decideAfterPointerMoved(found, { worker: "w", epoch: 2, seenVersion: 4, pointer })).toEqual({ kind: want });
  });
});

describe("how a store comes back", () => {
  const day = 86_400_000;
  const base: RestoreFacts = {
    declared: { name: "counts", partition: 3, type: "timestampedKeyValue", keySerde: "string", valueSerde: "json" },
    stored: stored(full),
    publishedAtMs: 1_000,
    nowMs: 2_000,
    changelog: { topicId: "00ff", start: 0, end: 150, deleteRetentionMs: 7 * day },
  };
  const log = (part: Partial<RestoreFacts["changelog"]>) => ({ changelog: { ...base.changelog, ...part } });
  const old = { nowMs: 1_000 + 3.5 * day + 1 };

  test.for<{ name: string; facts: Partial<RestoreFacts>; want: string }>([
    { name: "a snapshot and a tail", facts: {}, want: "use 100" },
    { name: "a snapshot that covers everything", facts: log({ end: 100 }), want: "use 100" },
    { name: "half of delete.retention.ms old", facts: { nowMs: 1_000 + 3.5 * day }, want: "use 100" },
    { name: "older", facts: old, want: "rebuild 0 too-old" },
    {
      name: "older, but there is no tail to miss a tombstone in",
      facts: { ...old, ...log({ end: 100 }) },
      want: "use 100",
    },
    { name: "older, and the log start is gone", facts: { ...old, ...log({ start: 1 }) }, want: "stop CHANGELOG_GAP" },
    { name: "no snapshot", facts: { stored: undefined }, want: "rebuild 0 no-snapshot" },
    {
      name: "no snapshot, and the log start is gone",
      facts: { stored: undefined, ...log({ start: 1 }) },
      want: "stop CHANGELOG_GAP",
    },
    { name: "a log that starts where the snapshot ends", facts: log({ start: 100 }), want: "use 100" },
    { name: "a log that starts above", facts: log({ start: 101 }), want: "stop CHANGELOG_GAP" },
    { name: "a log that ends below", facts: log({ end: 99 }), want: "stop CHANGELOG_TRUNCATED" },
    { name: "a topic that was made again", facts: log({ topicId: "abcd" }), want: "stop TOPIC_REPLACED" },
    {
      name: "another value serde",
      facts: { declared: { ...base.declared, valueSerde: "avro" } },
      want: "stop SCHEMA_UNKNOWN",
    },
    {
      name: "another key serde",
      facts: { declared: { ...base.declared, keySerde: "int64" } },
      want: "stop SCHEMA_UNKNOWN",
    },
    {
      name: "another store type",
      facts: { declared: { ...base.declared, type: "timestampedWindow" } },
      want: "stop SCHEMA_UNKNOWN",
    },
  ])("$name: $want", ({ facts, want }) => {
    const decision = decideRestore({ ...base, ...facts });
    const got =
      decision.kind === "use"
        ? `use ${decision.from}`
        : decision.kind === "rebuild"
          ? `rebuild ${decision.from} ${decision.reason}`
          : `stop ${decision.error.code}`;
    expect(got).toBe(want);
    if (decision.kind === "stop") expect(decision.error.message).toContain("store counts of partition 3");
  });
});
