import { describe, expect, test } from "vitest";
import { decodeManifest, encodeManifest } from "../../../lib/snapshot/manifest.ts";
import type { Manifest, ManifestStore } from "../../../lib/snapshot/types.ts";

const path = "app/g1/pin-0/0000000000000001-000000000001-w1.snap";
const store: ManifestStore = {
  name: "counts",
  partition: 3,
  type: "timestampedKeyValue",
  keySerde: "string",
  valueSerde: "json",
  changelog: { topic: "app-counts-changelog", topicId: "00ff", next: 7 },
  storeTimeMs: -1,
  segments: [
    {
      path,
      offset: 8,
      length: 90,
      indexLength: 40,
      rows: 2,
      tombstones: 0,
      kind: "full",
      minKey: "YQ==",
      maxKey: "Yg==",
      storeTimeMs: -1,
    },
  ],
};
const manifest: Manifest = {
  format: 1,
  applicationId: "app",
  generation: 1,
  pin: 0,
  epoch: 1,
  version: 1,
  writer: "w1",
  reason: "age",
  createdAtMs: 1_700_000_000_000,
  position: "{}",
  stores: { "counts:3": store },
};

/** A manifest as plain data that may be spoilt. */
type Copy = { stores: Record<string, object> };

const changed = (change: (copy: Copy) => void): Buffer => {
  const copy = JSON.parse(encodeManifest(manifest).toString()) as Copy;
  change(copy);
  return Buffer.from(JSON.stringify(copy));
};

test("a manifest reads back", () => {
  expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
});

test("equal manifests have equal bytes, whatever the order in which stores came", () => {
  const other: ManifestStore = { ...store, partition: 4 };
  const one = encodeManifest({ ...manifest, stores: { "counts:3": store, "counts:4": other } });
  const two = encodeManifest({ ...manifest, stores: { "counts:4": other, "counts:3": store } });
  expect(one.equals(two)).toBe(true);
});

test("what a newer minor version added is kept, so that carrying a store over loses nothing", () => {
  const bytes = changed((copy) => {
    copy.stores["counts:3"] = { ...store, bloom: { bits: 10 } };
  });
  expect(encodeManifest(decodeManifest(bytes)).toString()).toContain('"bloom":{"bits":10}');
});

describe("refuses", () => {
  const set = (object: object, name: string, value: unknown) => Object.assign(object, { [name]: value });
  const first = (copy: { stores: Record<string, { segments: object[]; changelog: object }> }) =>
    copy.stores["counts:3"] as never;

  test.for<{ name: string; change: (copy: never) => void; want: RegExp }>([
    {
      name: "a newer format",
      change: (copy) => set(copy, "format", 2),
      want: /SCHEMA_UNKNOWN.*manifest format 2.*knows 1/,
    },
    { name: "no format", change: (copy) => set(copy, "format", undefined), want: /CORRUPT.*format of manifest/ },
    { name: "an epoch that is text", change: (copy) => set(copy, "epoch", "1"), want: /CORRUPT.*epoch of manifest/ },
    { name: "a version with a fraction", change: (copy) => set(copy, "version", 1.5), want: /CORRUPT.*version/ },
    { name: "no position", change: (copy) => set(copy, "position", null), want: /CORRUPT.*position/ },
    { name: "stores as a list", change: (copy) => set(copy, "stores", []), want: /CORRUPT.*stores of manifest/ },
    {
      name: "a store under another's key",
      change: (copy) => set(first(copy), "partition", 4),
      want: /CORRUPT.*calls itself counts:4/,
    },
    {
      name: "a store without changelog",
      change: (copy) => set(first(copy), "changelog", null),
      want: /CORRUPT.*changelog of store counts:3/,
    },
    {
      name: "an offset beyond doubles",
      change: (copy) => set((first(copy) as { changelog: object }).changelog, "next", 2 ** 60),
      want: /CORRUPT.*next/,
    },
    {
      name: "a segment that leads out of the folder",
      change: (copy) => set((first(copy) as { segments: object[] }).segments[0] as object, "path", "../../etc/passwd"),
      want: /CORRUPT.*not in a snapshot object/,
    },
    {
      name: "a segment of another kind",
      change: (copy) => set((first(copy) as { segments: object[] }).segments[0] as object, "kind", "half"),
      want: /CORRUPT.*kind half/,
    },
  ])("$name", ({ change, want }) => {
    expect(() => decodeManifest(changed(change as never))).toThrow(want);
  });

  test.for(["", "{", "null", "[]", "7"])("'%s'", (text) => {
    expect(() => decodeManifest(Buffer.from(text))).toThrow(/CORRUPT_SNAPSHOT/);
  });
});
