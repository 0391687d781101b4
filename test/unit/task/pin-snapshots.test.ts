import { beforeEach, describe, expect, test } from "vitest";
import { StreamError } from "../../../lib/core/errors.ts";
import type { LeaseTable } from "../../../lib/ports/lease-table.ts";
import type { ObjectStore } from "../../../lib/ports/object-store.ts";
import { loadSnapshot } from "../../../lib/snapshot/load.ts";
import type { PinEnvironment } from "../../../lib/task/pin-acquire.ts";
import { overriding } from "../../support/overriding.ts";
import { PinScene, type RunningPin } from "../../support/pin-scene.ts";
import { countApp } from "../../support/test-apps.ts";

let scene: PinScene;

beforeEach(async () => {
  scene = await PinScene.open({ app: countApp, partitions: 1 });
});

const letters = (text: string) => [...text].map((key, index) => ({ key, value: "v", timestampMs: 1_000 + index }));
/** Enough rows that a delta is small beside them. */
const many = [...letters("abcdefgh"), ...Array.from({ length: 500 }, (_, index) => ({ key: `k${index}`, value: "v" }))];

type Changes = Partial<PinEnvironment["config"]> & { readonly ports?: Partial<PinEnvironment["ports"]> };

/** A pin that publishes only when it ends, unless told otherwise. */
async function start(worker: string, { ports = {}, ...config }: Changes = {}): Promise<RunningPin> {
  const { environment } = scene.environment(worker, { snapshotMaxAgeMs: 1e9, ...config });
  return scene.startPin(0, { ...environment, ports: { ...environment.ports, ...ports } }).untilRunning();
}

async function feed(running: RunningPin, what: string | typeof many): Promise<void> {
  await scene.write("in", 0, typeof what === "string" ? letters(what) : what);
  await running.untilCaughtUp();
}

/** Kinds of the segments of the newest manifest, oldest first, and which rows they hold. */
async function segments(): Promise<readonly string[]> {
  const pointer = (await scene.leases.read(0))?.pointer ?? expect.fail("there is no snapshot");
  const manifest = await scene.run(loadSnapshot({ objects: scene.objects, pointer }));
  return manifest.stores["counts:0"]?.segments.map(({ kind, rows }) => `${kind} ${rows}`) ?? [];
}

/** What another worker restores: counts by key, seen by what they are after one more record each. */
async function countsAfterTakeover(keys: string): Promise<Record<string, number>> {
  const running = await start("checker");
  const before = (await scene.read("out")).length;
  await feed(running, keys);
  await running.drained();
  const after = (await scene.read("out")).slice(before);
  return Object.fromEntries(after.map(({ key, value }) => [key, Number(value?.readBigInt64BE()) - 1]));
}

const published = () => scene.logged("snapshot-published").map(({ full, delta, reason }) => ({ full, delta, reason }));
const unavailable = () => Promise.reject(new StreamError("OBJECT_STORE_UNAVAILABLE", "no answer"));

describe("what goes into a snapshot", () => {
  test("is everything at first, then what changed since", async () => {
    const running = await start("w1", { snapshotMaxTailRecords: 1 });
    for (const [index, text] of [many, "aaabb", "c"].entries()) {
      await feed(running, text);
      await scene.until(() => published().length === index + 1);
    }
    expect(await running.drained("sleep")).toMatchObject({ asleep: true });
    expect(await segments()).toEqual(["full 508", "delta 2", "delta 1"]);
    expect(await countsAfterTakeover("abch")).toEqual({ a: 4, b: 3, c: 2, h: 1 });
  });

  test("is what is committed when its turn among the pins of the worker comes", async () => {
    const { environment } = scene.environment("w1", { snapshotMaxTailRecords: 1, snapshotMaxAgeMs: 1e9 });
    let endOther: () => void = () => undefined;
    const other = environment.encodingTurns.run(() => new Promise<void>((resolve) => (endOther = resolve)));
    const running = await scene.startPin(0, environment).untilRunning();
    await feed(running, "aaa");
    await feed(running, "bc");
    await scene.pass(5_000);
    expect(published()).toEqual([]);
    endOther();
    await other;
    await scene.until(() => published().length === 1);
    expect(await segments()).toEqual(["full 3"]);
  });

  test("is nothing of a transaction that was not acknowledged", async () => {
    const { environment, faults } = scene.environment("w1", { snapshotMaxTailRecords: 1, snapshotMaxAgeMs: 1e9 });
    const running = await scene.startPin(0, environment).untilRunning();
    await feed(running, "ab");
    await scene.until(() => scene.logged("snapshot-published").length === 1);
    const first = await segments();
    faults.loseRequests("EndTxn", 1_000);
    await scene.write("in", 0, letters("ccc"));
    await scene.pass(3_000);
    expect(await segments()).toEqual(first);
    faults.cut();
  });

  test("after an attempt that failed is the whole store: its changes are in no manifest", async () => {
    let fails = false;
    const objects = overriding<ObjectStore>(scene.objects, {
      create: (path, body) => (fails ? unavailable() : scene.objects.create(path, body)),
    });
    const running = await start("w1", { snapshotMaxTailRecords: 1, snapshotRetryMs: 500, ports: { objects } });
    await feed(running, many);
    await scene.until(() => published().length === 1);
    fails = true;
    await feed(running, "a");
    await scene.until(() => scene.logged("publish-failed").length > 0);
    fails = false;
    await scene.until(() => published().length === 2);
    expect(published().at(-1)).toMatchObject({ full: 1, delta: 0 });
    await feed(running, "b");
    await scene.until(() => published().length === 3);
    expect(published().at(-1)).toMatchObject({ full: 0, delta: 1 });
    await running.drained();
    expect(await countsAfterTakeover("abc")).toEqual({ a: 2, b: 2, c: 1 });
  });

  test("after a pointer update whose answer was lost is the whole store on top of what is there", async () => {
    let loses = false;
    const leases = overriding<LeaseTable>(scene.leases, {
      publishPointer: async (pin, held) => {
        const answer = await scene.leases.publishPointer(pin, held);
        if (!loses) return answer;
        loses = false;
        throw new StreamError("LEASE_TABLE_UNAVAILABLE", "the answer was lost");
      },
    });
    const running = await start("w1", { snapshotMaxTailRecords: 1, snapshotRetryMs: 500, ports: { leases } });
    await feed(running, many);
    await scene.until(() => published().length === 1);
    loses = true;
    await feed(running, "ab");
    await scene.until(() => published().length === 2);
    expect((await scene.leases.read(0))?.version).toBe(3);
    await running.drained();
    expect(await countsAfterTakeover("abc")).toEqual({ a: 2, b: 2, c: 1 });
  });

  test("of an attempt that ends after a later one failed is still owed in full", async () => {
    let open = (): void => expect.fail("nobody waits at the gate");
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let creates = 0;
    let moves = 0;
    const objects = overriding<ObjectStore>(scene.objects, {
      create: (path, body) => {
        creates++;
        return creates === 3 || creates === 4 ? unavailable() : scene.objects.create(path, body);
      },
    });
    const leases = overriding<LeaseTable>(scene.leases, {
      publishPointer: async (pin, held) => {
        const answer = await scene.leases.publishPointer(pin, held);
        if (++moves === 2) await gate;
        return answer;
      },
    });
    const { environment } = scene.environment("w1", {
      snapshotMaxTailRecords: 1,
      snapshotMaxAgeMs: 1e9,
      snapshotRetryMs: 200,
    });
    const running = await scene
      .startPin(0, { ...environment, ports: { ...environment.ports, objects, leases } })
      .untilRunning();
    await feed(running, many);
    await scene.until(() => published().length === 1);
    await feed(running, "a"); // the pointer of its snapshot moves, but the answer is slow
    await scene.until(() => moves === 2);
    await scene.run(() => scene.transactor("app-0")); // the next commit is fenced: a new life, and a new snapshot
    await feed(running, "b"); // two snapshots fail, the second one with this change in it
    await scene.until(() => scene.logged("publish-failed").length === 2);
    open(); // now the answer comes
    await scene.until(() => published().length >= 2);
    await feed(running, "c");
    await scene.until(() => published().length >= 3);
    await running.drained();
    expect(await countsAfterTakeover("abcd")).toEqual({ a: 2, b: 2, c: 2, d: 1 });
  });
});

describe("what a takeover restores", () => {
  async function publishAndAdd(): Promise<void> {
    const running = await start("w1", { snapshotMaxTailRecords: 2 });
    await feed(running, "aab");
    await scene.until(() => published().length > 0);
    await feed(running, "a");
    await running.drained("handover");
    expect(published()).toHaveLength(1);
  }

  test("is the snapshot and the tail behind it", async () => {
    await publishAndAdd();
    const running = await start("w2");
    expect(scene.logged("pin-running").at(-1)).toMatchObject({ tailRecords: 1 });
    await running.drained("handover");
    expect(await countsAfterTakeover("ab")).toEqual({ a: 3, b: 1 });
  });

  test("is the whole changelog when the snapshot is older than half of delete.retention.ms and there is a tail", async () => {
    await publishAndAdd();
    await scene.pass(4 * 86_400_000);
    await (await start("w2")).drained("handover");
    expect(scene.logged("pin-running").at(-1)?.["tailRecords"]).toBeGreaterThan(1);
    expect(await countsAfterTakeover("ab")).toEqual({ a: 3, b: 1 });
  });

  test("is the snapshot alone after a long sleep", async () => {
    const running = await start("w1");
    await feed(running, "aab");
    await running.drained("sleep");
    await scene.pass(40 * 86_400_000);
    await (await start("w2")).drained("handover");
    expect(scene.logged("pin-running").at(-1)).toMatchObject({ tailRecords: 0 });
  });

  test.for<[string, string, () => Partial<PinEnvironment["app"]>]>([
    ["the changelog was deleted and made again", "TOPIC_REPLACED", () => ({ topics: replacedTopics() })],
    ["the positions topic was emptied", "POSITIONS_LOST", () => ({ positionsTopic: "empty-positions" })],
  ])("is nothing when %s: a typed stop", async ([, code, changes]) => {
    await publishAndAdd();
    await scene.log.createTopics([{ name: "empty-positions", partitions: 2, replicas: -1, configs: {} }]);
    const { environment } = scene.environment("w2");
    const app = { ...environment.app, ...changes() };
    const outcome = await scene.run(scene.startPin(0, { ...environment, app }).ended);
    expect(outcome).toMatchObject({ kind: "stopped", error: { code, advice: "reset" } });
    expect(await scene.leases.read(0)).toMatchObject({ owner: undefined, asleep: false });
  });

  test("is nothing when somebody else writes into the changelog: a typed stop", async () => {
    await publishAndAdd();
    await scene.write("app-counts-changelog", 0, [{ key: "a", value: 99 }]);
    const outcome = await scene.run(scene.startPin(0, scene.environment("w2").environment).ended);
    expect(outcome).toMatchObject({ kind: "stopped", error: { code: "CHANGELOG_BEYOND_POSITION" } });
  });

  test.for<[string, (path: string) => Promise<unknown>]>([
    ["gone", (path) => scene.objects.delete(path)],
    ["damaged in its rows", (path) => damage(path, 32)],
    ["damaged in its manifest", (path) => damage(path, -40)],
  ])("is the whole changelog when the snapshot object is %s, and the next snapshot is whole", async ([, spoil]) => {
    await publishAndAdd();
    for await (const { path } of scene.objects.list("app/")) await spoil(path);
    const running = await start("w2");
    expect(scene.logged("snapshot-lost")).toHaveLength(1);
    expect(scene.logged("pin-running").at(-1)?.["tailRecords"]).toBeGreaterThan(1);
    await feed(running, "c");
    await running.drained();
    expect(published().at(-1)).toMatchObject({ full: 1, delta: 0 });
    expect(await segments()).toEqual(["full 3"]);
    expect(await countsAfterTakeover("abc")).toEqual({ a: 3, b: 1, c: 1 });
    expect(scene.logged("snapshot-lost")).toHaveLength(1);
  });
});

/** Changes one byte of an object, counted from its end when negative. */
async function damage(path: string, at: number): Promise<void> {
  const body = Buffer.from((await scene.objects.read(path)) ?? expect.fail("no object"));
  const place = at < 0 ? body.length + at : at;
  body[place] = (body[place] ?? 0) ^ 0xff;
  await scene.objects.delete(path);
  await scene.objects.create(path, body);
}

function replacedTopics(): PinEnvironment["app"]["topics"] {
  const topics = new Map(scene.plan.topics);
  const name = "app-counts-changelog";
  topics.set(name, { ...(topics.get(name) ?? expect.fail("no changelog")), topicId: "f".repeat(32) });
  return topics;
}
