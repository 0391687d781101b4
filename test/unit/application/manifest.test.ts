import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type AppManifest,
  decideManifest,
  decodeAppManifest,
  encodeAppManifest,
  type ManifestStore,
  type WantedApplication,
} from "../../../lib/application/manifest.ts";

type WantedStore = WantedApplication["stores"][string];
type WantedSub = WantedApplication["subTopologies"][number];

const trades = "trades | stats";
const venues = "app-venue-repartition | by-venue";
const sub = (content: string, partitions = 6): WantedSub => ({ content, partitions, stores: [], topics: [] });
const keyValue: WantedStore = {
  content: venues,
  type: "timestampedKeyValue",
  key: "string",
  value: "int64",
  windowSizeMs: null,
  retentionMs: null,
};
const windowed: WantedStore = {
  content: trades,
  type: "timestampedWindow",
  key: "string",
  value: "json",
  windowSizeMs: 5_000,
  retentionMs: 6_000,
};

/** The application that was deployed first. */
const first: WantedApplication = {
  applicationId: "app",
  pinCount: undefined,
  subTopologies: [sub(trades), sub(venues)],
  stores: { stats: windowed, "by-venue": keyValue },
  topics: { trades: 6, "app-venue-repartition": 6 },
  patterns: {},
};
const stored = created(first);

function created(wanted: WantedApplication): AppManifest {
  const decision = decideManifest(undefined, wanted);
  return decision.kind === "create" ? decision.manifest : expect.fail(decision.kind);
}

describe("a first deploy", () => {
  test("gives every sub-topology an id and every store its place", () => {
    expect(stored).toMatchObject({
      applicationId: "app",
      generation: 1,
      pinCount: 6,
      nextId: 2,
      subTopologies: [
        { stableId: "s0", content: trades, partitions: 6 },
        { stableId: "s1", content: venues, partitions: 6 },
      ],
      stores: { stats: { subTopology: "s0", retentionMs: 6_000 }, "by-venue": { subTopology: "s1", value: "int64" } },
      topics: first.topics,
    });
  });

  test.for([
    ["the largest partition count", { subTopologies: [sub("a", 3), sub("b", 12)], pinCount: undefined }, 12],
    ["what is asked for", { subTopologies: [sub("a", 3), sub("b", 12)], pinCount: 4 }, 4],
    ["one, without any sub-topology", { subTopologies: [], pinCount: undefined }, 1],
  ] as const)("has as many pins as %s", ([, changes, pinCount]) => {
    expect(created({ ...first, ...changes, stores: {} }).pinCount).toBe(pinCount);
  });

  test("has at most 16 tasks in a pin that was asked for, and says how many pins are enough", () => {
    const many = { ...first, subTopologies: [sub("a", 100), sub("b", 60)], stores: {} };
    expect(created({ ...many, pinCount: 10 }).pinCount).toBe(10);
    expect(decideManifest(undefined, { ...many, pinCount: 9 })).toMatchObject({
      kind: "refuse",
      error: { code: "TOPOLOGY_INVALID", message: expect.stringMatching(/19 tasks .* 9 pins, .* at least 10 pins/) },
    });
  });
});

describe("a later deploy", () => {
  test.for([undefined, 6])(
    "of the same topology changes nothing, whatever the order of its parts; pins: %s",
    (pinCount) => {
      const reordered = { ...first, subTopologies: [...first.subTopologies].reverse(), pinCount };
      expect(decideManifest(stored, reordered)).toEqual({ kind: "same", manifest: stored });
    },
  );

  test("with another number of pins is refused", () => {
    expect(decideManifest(stored, { ...first, pinCount: 3 })).toMatchObject({
      kind: "refuse",
      error: { code: "TOPOLOGY_INCOMPATIBLE", message: expect.stringMatching(/created with 6 pins.*asks for 3/) },
    });
  });

  test("with a new part gets a new id and keeps the old ones", () => {
    const added = sub("quotes | quotes-by-key", 3);
    const store = { ...keyValue, content: added.content };
    const wanted = {
      ...first,
      subTopologies: [added, ...first.subTopologies],
      stores: { ...first.stores, "quotes-by-key": store },
      topics: { ...first.topics, quotes: 3 },
    };
    const decision = decideManifest(stored, wanted);
    expect(decision).toMatchObject({
      kind: "extend",
      manifest: {
        nextId: 3,
        pinCount: 6,
        subTopologies: [{ stableId: "s0" }, { stableId: "s1" }, { stableId: "s2", content: added.content }],
        stores: { "quotes-by-key": { subTopology: "s2" }, stats: stored.stores["stats"] },
        topics: { trades: 6, quotes: 3 },
      },
    });
  });

  const renamed = (from: string, to: string): WantedApplication => ({
    ...first,
    subTopologies: first.subTopologies.map((part) => (part.content === from ? sub(to) : part)),
    stores: Object.fromEntries(
      Object.entries(first.stores).map(([name, store]) => [
        name,
        store.content === from ? { ...store, content: to } : store,
      ]),
    ),
  });
  const merged: WantedApplication = {
    ...first,
    subTopologies: [sub("app-venue-repartition,trades | by-venue,stats")],
    stores: Object.fromEntries(
      Object.entries(first.stores).map(([name, store]) => [
        name,
        { ...store, content: "app-venue-repartition,trades | by-venue,stats" },
      ]),
    ),
  };
  const changedStore = (changes: Partial<WantedStore>): WantedApplication => ({
    ...first,
    stores: { ...first.stores, stats: { ...windowed, ...changes } },
  });

  test.for<[string, WantedApplication, string, RegExp]>([
    [
      "more partitions",
      { ...first, topics: { ...first.topics, trades: 12 } },
      "PARTITIONS_CHANGED",
      /trades has 12.*with 6/,
    ],
    [
      "fewer partitions of an internal topic",
      { ...first, topics: { ...first.topics, "app-venue-repartition": 3 } },
      "PARTITIONS_CHANGED",
      /app-venue-repartition/,
    ],
    [
      "a store in another sub-topology",
      { ...first, stores: { ...first.stores, stats: { ...windowed, content: venues } } },
      "TOPOLOGY_INCOMPATIBLE",
      /store stats moved/,
    ],
    [
      "another type of store",
      changedStore({ type: "timestampedKeyValue" }),
      "TOPOLOGY_INCOMPATIBLE",
      /stats changed its type/,
    ],
    ["another key serde", changedStore({ key: "int64" }), "TOPOLOGY_INCOMPATIBLE", /its key from string to int64/],
    ["another value serde", changedStore({ value: "bytes" }), "TOPOLOGY_INCOMPATIBLE", /its value from json to bytes/],
    [
      "another window size",
      changedStore({ windowSizeMs: 10_000 }),
      "TOPOLOGY_INCOMPATIBLE",
      /windowSizeMs from 5000 to 10000/,
    ],
    ["another retention", changedStore({ retentionMs: 9_000 }), "TOPOLOGY_INCOMPATIBLE", /retentionMs from 6000/],
    [
      "a sub-topology that reads another topic",
      renamed(trades, "trades-v2 | stats"),
      "TOPOLOGY_INCOMPATIBLE",
      /stats moved from sub-topology s0/,
    ],
    ["two sub-topologies that became one", merged, "TOPOLOGY_INCOMPATIBLE", /moved/],
    [
      "one that is gone",
      { ...first, subTopologies: [sub(trades)], stores: { stats: windowed } },
      "TOPOLOGY_INCOMPATIBLE",
      /sub-topology s1 .*is gone/,
    ],
  ])("with %s is refused, and says what and what to do", ([, wanted, code, message]) => {
    const decision = decideManifest(stored, wanted);
    const { error } = decision.kind === "refuse" ? decision : expect.fail(decision.kind);
    expect(error).toMatchObject({ code, advice: "migrate" });
    expect(error.message).toMatch(message);
    expect(error.message).toContain("millrace migrate");
  });

  test("of a topology that was split is refused", () => {
    const together = created({ ...merged, topics: first.topics });
    const decision = decideManifest(together, first);
    expect(decision).toMatchObject({ kind: "refuse", error: { code: "TOPOLOGY_INCOMPATIBLE" } });
  });
});

describe("the stored form", () => {
  const store = (subTopology: string, { content: _, ...signature }: WantedStore): ManifestStore => ({
    subTopology,
    ...signature,
  });
  const golden: AppManifest = {
    applicationId: "stock-trades",
    generation: 1,
    pinCount: 6,
    subTopologies: [
      { stableId: "s0", content: "topics trades; stores trade-stats", partitions: 6 },
      { stableId: "s1", content: "topics stock-trades-by-venue-repartition; stores by-venue", partitions: 6 },
    ],
    nextId: 2,
    stores: { "trade-stats": store("s0", windowed), "by-venue": store("s1", keyValue) },
    topics: { trades: 6, "stock-trades-by-venue-repartition": 6 },
  };
  const file = readFileSync(new URL("../../golden/app-manifest/app-manifest-v1.json", import.meta.url), "utf8");

  test("is written as it always was, and read for ever", () => {
    expect(encodeAppManifest(golden)).toBe(file);
    expect(decodeAppManifest(file)).toEqual(golden);
  });

  test.for([
    ["of a newer version", '{"format":2}', /format 2/],
    ["without a format", "{}", /format undefined/],
    ["that is no JSON", "x", /not JSON/],
  ] as const)("%s is SCHEMA_UNKNOWN", ([, text, message]) => {
    expect(() => decodeAppManifest(text)).toThrow(expect.objectContaining({ code: "SCHEMA_UNKNOWN" }));
    expect(() => decodeAppManifest(text)).toThrow(message);
  });
});
