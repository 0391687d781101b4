import { beforeEach, describe, expect, test } from "vitest";
import { type App, defineApp, string } from "../../../lib/index.ts";
import type { Log } from "../../../lib/ports/log.ts";
import type { ObjectStore } from "../../../lib/ports/object-store.ts";
import { openTables, type Table, type Tables } from "../../../lib/query/tables.ts";
import { murmur2 } from "../../../lib/serde/murmur2.ts";
import { overriding } from "../../support/overriding.ts";
import { PinScene, type RunningPin } from "../../support/pin-scene.ts";
import { countApp, mergeApp, outerJoinApp } from "../../support/test-apps.ts";

const PARTITIONS = 3;
const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);
const partitionOf = (key: string) => (murmur2(Buffer.from(key), 0, key.length) & 0x7fffffff) % PARTITIONS;

let scene: PinScene;
let tables: Tables;
let pins: RunningPin[];

async function begin(app: App = countApp): Promise<void> {
  scene = await PinScene.open({ app, partitions: PARTITIONS });
  tables = await scene.run(() => openTables(app, scene));
  pins = [];
  for (let pin = 0; pin < PARTITIONS; pin++) {
    const { environment } = scene.environment(`w${pin}`, { snapshotMaxAgeMs: 1e9 });
    pins.push(await scene.startPin(pin, environment).untilRunning());
  }
}

const caughtUp = async () => {
  for (const pin of pins) await pin.untilCaughtUp();
};

/** Every worker ends; the pins sleep, so there is a snapshot of everything. */
async function sleep(): Promise<void> {
  for (const pin of pins.splice(0)) await pin.drained("sleep");
}

/** Writes every key to the partition that a producer would choose. */
async function write(topic: string, wanted: readonly string[], timestampMs = 1_000): Promise<void> {
  for (const key of wanted) await scene.write(topic, partitionOf(key), [{ key, value: "v", timestampMs }]);
  await caughtUp();
}

describe("a key-value table", () => {
  let counts: Table<string, number>;

  beforeEach(async () => {
    await begin();
    counts = tables.get<string, number>("counts");
  });

  const get = (key: string, freshness?: "snapshot" | "committed") =>
    scene.run(counts.get(key, freshness === undefined ? {} : { freshness }));

  test("answers every key from the partition and the pin that hold it", async () => {
    await write("in", keys);
    for (const key of keys) {
      const { row, pin, partition } = await get(key);
      expect([row, pin, partition]).toEqual([
        { key, value: 1, timestampMs: 1_000 },
        partitionOf(key),
        partitionOf(key),
      ]);
    }
    expect((await get("absent")).row).toBeUndefined();
  });

  test("answers before the first commit that there is nothing, and that nothing is in it", async () => {
    scene = await PinScene.open({ app: countApp, partitions: PARTITIONS });
    tables = await scene.run(() => openTables(countApp, scene));
    counts = tables.get<string, number>("counts");
    expect(await get("key-1")).toEqual({
      row: undefined,
      freshness: "committed",
      pin: partitionOf("key-1"),
      partition: partitionOf("key-1"),
      position: {},
      snapshotVersion: undefined,
      tailRecords: 0,
    });
  });

  test("says which input an answer reflects: everything below, nothing above", async () => {
    const [key = ""] = keys;
    await write("in", [key, key]);
    const first = await get(key);
    expect(first).toMatchObject({ row: { value: 2 }, position: { [`in:${partitionOf(key)}`]: 4 } });
    await write("in", [key]);
    expect(await get(key)).toMatchObject({ row: { value: 3 }, position: { [`in:${partitionOf(key)}`]: 6 } });
  });

  test("answers from the changelog alone while there is no snapshot, and from both afterwards", async () => {
    const [key = ""] = keys;
    for (const _ of [1, 2]) await write("in", [key]);
    expect(await get(key)).toMatchObject({ snapshotVersion: undefined, tailRecords: 2, row: { value: 2 } });
    expect((await get(key, "snapshot")).row).toBeUndefined();
    await sleep();
    expect(await get(key)).toMatchObject({ snapshotVersion: 1, tailRecords: 0, row: { value: 2 } });
    expect(await get(key, "snapshot")).toMatchObject({ snapshotVersion: 1, row: { value: 2 } });
  });

  test("in snapshot freshness is the snapshot with its own position, also when more is committed", async () => {
    const [key = ""] = keys;
    await write("in", [key]);
    await sleep();
    const { environment } = scene.environment("again", { snapshotMaxAgeMs: 1e9 });
    pins.push(await scene.startPin(partitionOf(key), environment).untilRunning());
    await write("in", [key]);
    const at = `in:${partitionOf(key)}`;
    expect(await get(key, "snapshot")).toMatchObject({ row: { value: 1 }, position: { [at]: 2 }, tailRecords: 0 });
    expect(await get(key, "committed")).toMatchObject({ row: { value: 2 }, position: { [at]: 4 }, tailRecords: 1 });
  });

  test("reads of a growing tail only what is new", async () => {
    const [key = ""] = keys;
    const fetched: number[] = [];
    const log = overriding<Log>(scene.log, {
      fetch: (request) => {
        for (const [partition, from] of request.positions) if (partition.includes("changelog")) fetched.push(from);
        return scene.log.fetch(request);
      },
    });
    counts = (await scene.run(() => openTables(countApp, { ...scene, log }))).get("counts");
    for (let times = 1; times <= 3; times++) {
      await write("in", [key]);
      expect(await get(key)).toMatchObject({ row: { value: times }, tailRecords: times });
    }
    expect(fetched).toEqual([0, 1, 3]);
    await get(key);
    expect(fetched, "nothing new, nothing read").toHaveLength(3);
  });

  test("answers one committed state also while the tail grows under a slow read (I7)", async () => {
    const [key = ""] = keys;
    const at = `in:${partitionOf(key)}`;
    await write("in", [key]);
    await sleep();
    const slowly = async () => scene.clock.sleep(60_000);
    const objects = overriding<ObjectStore>(scene.objects, {
      readRange: (path, range) => slowly().then(() => scene.objects.readRange(path, range)),
    });
    counts = (await scene.run(() => openTables(countApp, { ...scene, objects }))).get("counts");
    pins.push(await scene.startPin(partitionOf(key), scene.environment("again").environment).untilRunning());
    const first = counts.get(key);
    await scene.pass(70_000); // the manifest is there, the segments are on their way
    await write("in", [key]);
    const second = counts.get(key);
    for (const { row, position } of await scene.run(Promise.all([first, second]))) {
      expect(row?.value, "one record and one marker per transaction").toBe((position[at] ?? 0) / 2);
    }
  });

  test("hides deleted rows, in the tail and in the snapshot", async () => {
    const app = defineApp({ id: "rows" }, (builder) => {
      builder.table("in", { key: string(), value: string(), store: "rows" }).toStream().to("out");
    });
    await begin(app);
    const rows = tables.get<string, string>("rows");
    const at = partitionOf("key-1");
    const found = async (freshness: "snapshot" | "committed") =>
      (await scene.run(rows.get("key-1", { freshness }))).row?.value;
    await scene.write("in", at, [{ key: "key-1", value: "here" }]);
    await caughtUp();
    await sleep();
    expect([await found("snapshot"), await found("committed")]).toEqual(["here", "here"]);
    pins.push(
      await scene.startPin(at, scene.environment("again", { snapshotMaxAgeMs: 1e9 }).environment).untilRunning(),
    );
    await scene.write("in", at, [{ key: "key-1", value: null }]);
    await caughtUp();
    expect([await found("snapshot"), await found("committed")]).toEqual(["here", undefined]);
    await sleep();
    expect([await found("snapshot"), await found("committed")]).toEqual([undefined, undefined]);
  });

  test("is read by ranges of keys over all partitions, in byte order, with a limit", async () => {
    await write("in", keys);
    const all = await scene.run(counts.range());
    expect(all.rows.map(({ key }) => key)).toEqual([...keys].sort());
    expect(all.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2]);
    const part = await scene.run(counts.range({ from: "key-10", to: "key-4", limit: 4 }));
    expect(part.rows.map(({ key }) => key)).toEqual(["key-10", "key-11", "key-2", "key-3"]);
  });

  test.for([0, -1, 1.5, Number.NaN])("refuses a limit of %d", async (limit) => {
    await expect(counts.range({ limit })).rejects.toMatchObject({ code: "QUERY_INVALID" });
  });

  test("refuses a key that is none, and says what keys are", async () => {
    for (const key of [42, null, undefined, 10n, {}]) {
      await expect(counts.get(key as unknown as string)).rejects.toMatchObject({
        code: "QUERY_INVALID",
        advice: "fix-request",
        message: expect.stringContaining("keys are string"),
      });
    }
  });

  test("refuses questions for windows", async () => {
    await expect(counts.windows("a")).rejects.toMatchObject({ code: "QUERY_INVALID", message: /get\(key\)/ });
    await expect(counts.partitionWindows(0)).rejects.toMatchObject({ code: "QUERY_INVALID", message: /range\(\)/ });
  });
});

describe("a window table", () => {
  let windows: Table<string, number>;

  beforeEach(async () => {
    await begin(mergeApp);
    windows = tables.get<string, number>("per-second");
  });

  test("answers the windows of a key, ascending, with their bounds", async () => {
    await write("left", ["key-1", "key-1"], 5_200);
    await write("right", ["key-1"], 5_900);
    const { rows } = await scene.run(windows.windows("key-1"));
    expect(rows).toEqual([{ key: "key-1", value: 3, timestampMs: 5_900, windowStartMs: 5_000, windowEndMs: 6_000 }]);
    expect((await scene.run(windows.windows("key-1", { from: 5_001 }))).rows).toEqual([]);
    expect((await scene.run(windows.windows("key-1", { to: 4_999 }))).rows).toEqual([]);
    expect((await scene.run(windows.windows("key-1", { from: 5_000, to: 5_000 }))).rows).toHaveLength(1);
  });

  test("does not answer windows that have expired, in the snapshot or in the tail", async () => {
    await write("left", ["key-1"], 5_200);
    await sleep();
    for (let pin = 0; pin < PARTITIONS; pin++) {
      pins.push(await scene.startPin(pin, scene.environment(`again-${pin}`).environment).untilRunning());
    }
    await write("right", ["key-1"], 65_000);
    expect((await scene.run(windows.windows("key-1"))).rows.map(({ windowStartMs }) => windowStartMs)).toEqual([
      65_000,
    ]);
  });

  test("answers all windows of a partition by start, then key", async () => {
    const [a = "", b = ""] = keys.filter((key) => partitionOf(key) === 0);
    await write("left", [b, a, b], 5_200);
    const { rows, partition } = await scene.run(windows.partitionWindows(0));
    expect([partition, rows.map(({ key, value }) => [key, value])]).toEqual([
      0,
      [
        [a, 1],
        [b, 2],
      ],
    ]);
    expect(windows.partitionCount).toBe(PARTITIONS);
    await expect(windows.partitionWindows(3)).rejects.toMatchObject({ code: "QUERY_INVALID" });
  });

  test("refuses questions for rows", async () => {
    await expect(windows.get("a")).rejects.toMatchObject({ code: "QUERY_INVALID", message: /windows\(key\)/ });
    await expect(windows.range()).rejects.toMatchObject({ code: "QUERY_INVALID" });
  });
});

describe("tables", () => {
  test("know their names, and name them when one is asked for that is not there", async () => {
    await begin();
    expect(tables.names).toEqual(["counts"]);
    expect(() => tables.get("cuonts")).toThrow(
      expect.objectContaining({ code: "STORE_UNKNOWN", message: expect.stringContaining("there is counts") }),
    );
  });

  test("that cannot be asked are not named", async () => {
    const joined = await PinScene.open({ app: outerJoinApp });
    const { names } = await joined.run(() => openTables(outerJoinApp, joined));
    expect(names).toEqual([]);
  });

  test("of an application that is not deployed cannot be opened", async () => {
    await begin();
    await expect(scene.run(() => openTables(mergeApp, scene))).rejects.toMatchObject({ code: "TOPIC_MISSING" });
  });

  test("a query that fails does not fail the next one", async () => {
    await begin();
    await write("in", keys);
    let fails = true;
    const log = overriding<Log>(scene.log, {
      fetch: (request) => (fails ? Promise.reject(new Error("broken")) : scene.log.fetch(request)),
    });
    const counts = (await scene.run(() => openTables(countApp, { ...scene, log }))).get<string, number>("counts");
    await expect(scene.run(counts.get("key-1"))).rejects.toThrow("broken");
    fails = false;
    expect((await scene.run(counts.get("key-1"))).row?.value).toBe(1);
  });
});
