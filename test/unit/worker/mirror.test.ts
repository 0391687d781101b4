import { beforeEach, describe, expect, test } from "vitest";
import type { Position } from "../../../lib/application/position.ts";
import { encodePosition } from "../../../lib/application/position.ts";
import type { PartitionKey } from "../../../lib/core/ids.ts";
import { defineApp, json, string } from "../../../lib/index.ts";
import type { Log } from "../../../lib/ports/log.ts";
import { Mirror, type MirroredPin } from "../../../lib/worker/mirror.ts";
import { overriding } from "../../support/overriding.ts";
import { PinScene } from "../../support/pin-scene.ts";
import { repartitionApp } from "../../support/test-apps.ts";

const repartition = "rep-by-value-repartition";
/** Reads a topic that is called as if it were one of its own, and has topics between two tables. */
const ownAndForeign = defineApp({ id: "own" }, (builder) => {
  const carts = builder.table("own-carts-repartition", { key: string(), value: json<{ user: string }>() });
  const users = builder.table("users", { key: string(), value: string() });
  carts
    .join(users, (_cart, name) => name, { foreignKey: ({ user }) => user })
    .toStream()
    .to("out", { value: string() });
});

let scene: PinScene;
let deleted: [PartitionKey, number][];
let log: Log;

beforeEach(async () => {
  scene = await PinScene.open({ app: repartitionApp });
  deleted = [];
  log = overriding(scene.log, {
    deleteRecords: async (before) => {
      deleted.push(...before);
      await scene.log.deleteRecords(before);
    },
  });
});

const at = (inputs: Record<string, number>): Position => ({
  pin: 0,
  epoch: 1,
  transaction: 1,
  inputs,
  changelogs: {},
  partitionTimes: {},
  clocks: {},
  storeTimes: {},
});
const pinAt = (inputs: Record<string, number> | undefined): MirroredPin => ({
  status: () => ({ committed: inputs && at(inputs) }) as ReturnType<MirroredPin["status"]>,
});
const pins = (...positions: readonly (Record<string, number> | undefined)[]) =>
  new Map(positions.map((inputs, pin) => [pin, pinAt(inputs)]));
const mirror = (over: Log = log) => {
  const ports = { log: over, clock: scene.clock, logger: scene.logger({}) };
  return new Mirror(scene.plan, ports, { mirrorMs: 5_000, purgeMs: 30_000 });
};
async function groupOffset(topic: string, partition: number): Promise<number | undefined> {
  return (await scene.run(scene.log.committed("rep", [{ topic, partition }]))).get(`${topic}:${partition}`);
}

describe("group offsets", () => {
  test("become what is committed, of every pin, every mirrorMs", async () => {
    const mirroring = mirror();
    mirroring.tick(pins({ "in:0": 5 }, { "in:1": 7 }));
    await scene.pass(100);
    expect([await groupOffset("in", 0), await groupOffset("in", 1)]).toEqual([5, 7]);
    mirroring.tick(pins({ "in:0": 6 }));
    await scene.pass(4_000);
    expect(await groupOffset("in", 0)).toBe(5);
    await scene.pass(1_000);
    mirroring.tick(pins({ "in:0": 6 }));
    await scene.pass(100);
    expect(await groupOffset("in", 0)).toBe(6);
  });

  test("of a pin that never committed are left alone", async () => {
    mirror().tick(pins(undefined));
    await scene.pass(100);
    expect(await groupOffset("in", 0)).toBeUndefined();
  });

  test("of a pin that ended are written once more; of one that was fenced not", async () => {
    const mirroring = mirror();
    mirroring.ended(at({ "in:0": 9 }), { fenced: false });
    mirroring.ended(at({ "in:1": 4 }), { fenced: true });
    await scene.run(() => mirroring.flush());
    expect([await groupOffset("in", 0), await groupOffset("in", 1)]).toEqual([9, undefined]);
  });

  test("that cannot be written are a warning, and are tried again", async () => {
    let fails = true;
    const failing = overriding(log, {
      commitOffsets: (group, offsets) =>
        fails ? Promise.reject(new Error("no coordinator")) : scene.log.commitOffsets(group, offsets),
    });
    const mirroring = mirror(failing);
    mirroring.tick(pins({ "in:0": 5 }));
    await scene.pass(100);
    expect(scene.logged("mirror-failed")).toHaveLength(1);
    fails = false;
    await scene.pass(5_000);
    mirroring.tick(pins({ "in:0": 5 }));
    await scene.pass(100);
    expect(await groupOffset("in", 0)).toBe(5);
  });

  test("are written one after the other, and a flush waits for the one under way", async () => {
    let writing = 0;
    let most = 0;
    const slow = overriding(log, {
      commitOffsets: async () => {
        most = Math.max(most, ++writing);
        await scene.clock.sleep(20_000);
        writing--;
      },
    });
    const mirroring = mirror(slow);
    mirroring.tick(pins({ "in:0": 5 }));
    await scene.pass(6_000);
    mirroring.tick(pins({ "in:0": 6 }));
    mirroring.ended(at({ "in:0": 7 }), { fenced: false });
    await scene.run(() => mirroring.flush());
    expect([most, writing]).toEqual([1, 0]);
  });
});

describe("repartition topics", () => {
  const write = (count: number) =>
    scene.write(
      repartition,
      0,
      Array.from({ length: count }, () => ({ key: "k", value: "v" })),
    );

  test("lose what is processed, and nothing above the acknowledged position (I10)", async () => {
    await write(10);
    mirror().tick(pins({ "in:0": 99, [`${repartition}:0`]: 6 }));
    await scene.pass(100);
    expect(deleted).toEqual([[`${repartition}:0`, 6]]);
    expect((await scene.read(repartition)).map(({ offset }) => offset)).toEqual([6, 7, 8, 9]);
  });

  test("are purged every purgeMs only, and not while nothing is committed", async () => {
    await write(10);
    const mirroring = mirror();
    mirroring.tick(pins(undefined));
    await scene.pass(100);
    mirroring.tick(pins({ [`${repartition}:0`]: 2 }));
    await scene.pass(10_000);
    mirroring.tick(pins({ [`${repartition}:0`]: 4 }));
    await scene.pass(100);
    expect(deleted).toEqual([[`${repartition}:0`, 2]]);
    await scene.pass(20_000);
    mirroring.tick(pins({ [`${repartition}:0`]: 5 }));
    await scene.pass(100);
    expect(deleted.at(-1)).toEqual([`${repartition}:0`, 5]);
  });

  test("are purged also where group offsets may not be written, and the other way round", async () => {
    await write(10);
    const refused = () => Promise.reject(new Error("not allowed"));
    mirror(overriding(log, { commitOffsets: refused })).tick(pins({ [`${repartition}:0`]: 2 }));
    await scene.pass(100);
    expect(deleted).toEqual([[`${repartition}:0`, 2]]);
    mirror(overriding(log, { deleteRecords: refused })).tick(pins({ [`${repartition}:0`]: 4 }));
    await scene.pass(100);
    expect(await groupOffset(repartition, 0)).toBe(4);
    expect([scene.logged("mirror-failed"), scene.logged("purge-failed")].map(({ length }) => length)).toEqual([1, 1]);
  });

  test("are those that the topology reads back, whatever they are called: no topic of the user's", async () => {
    scene = await PinScene.open({ app: ownAndForeign });
    const deletes: PartitionKey[] = [];
    log = overriding(scene.log, {
      deleteRecords: async (before) => {
        deletes.push(...before.keys());
      },
    });
    const inputs = (scene.plan.pins[0]?.tasks ?? []).flatMap((task) => task.inputs.map(({ key }) => [key, 1] as const));
    mirror().tick(pins(Object.fromEntries(inputs)));
    await scene.pass(100);
    expect(deletes.sort()).toEqual([
      "own-KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-0000000006-topic:0",
      "own-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000014-topic:0",
    ]);
  });

  test("are not purged by the last mirror of a worker that ends", async () => {
    await write(10);
    const mirroring = mirror();
    mirroring.ended(at({ [`${repartition}:0`]: 6 }), { fenced: false });
    await scene.run(() => mirroring.flush());
    expect(deleted).toEqual([]);
  });
});

describe("offsets that somebody else changed", () => {
  /** The position that is on the log; the worker may know an older one. */
  const commit = (offset: number) =>
    scene.write("rep-positions", 0, [{ key: "0", value: encodePosition(at({ "in:0": offset })) }]);
  const set = (offset: number) => scene.run(scene.log.commitOffsets("rep", new Map([["in:0", offset]])));
  const look = async (known: number) => {
    mirror().tick(pins({ "in:0": known }));
    await scene.pass(100);
    return scene.logged("offsets-changed-outside");
  };

  test("forward are reported once, with the way out, and overwritten", async () => {
    await commit(100);
    await set(5_000);
    const [line, ...more] = await look(100);
    expect(line).toMatchObject({
      code: "OFFSETS_CHANGED_OUTSIDE",
      advice: "reset",
      topic: "in",
      offset: 5_000,
      position: 100,
    });
    expect(line?.["error"]).toContain("millrace reset");
    expect([more, await groupOffset("in", 0)]).toEqual([[], 100]);
  });

  test.for([
    ["equal to the position", 100, 100, 100],
    ["below it: a late mirror of a former owner looks the same", 60, 100, 100],
    ["above what a frozen worker knows, but not above the log's position", 500, 100, 500],
    ["absent", undefined, 100, 100],
  ] as const)("are no alarm when %s", async ([, group, known, position]) => {
    await commit(position);
    if (group !== undefined) await set(group);
    expect(await look(known)).toEqual([]);
  });
});
