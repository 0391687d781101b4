import { beforeEach, describe, expect, test } from "vitest";
import { createMemoryLeaseTable } from "../../../lib/adapters/memory/lease-table.ts";
import { encodeAppManifest } from "../../../lib/application/manifest.ts";
import { APP_MANIFEST_DOCUMENT } from "../../../lib/application/prepare.ts";
import { StreamError } from "../../../lib/core/errors.ts";
import { defineApp, string } from "../../../lib/index.ts";
import type { LeaseTable } from "../../../lib/ports/lease-table.ts";
import type { PinEnvironment } from "../../../lib/task/pin-acquire.ts";
import { batchOf } from "../../support/batches.ts";
import { overriding } from "../../support/overriding.ts";
import { PinScene, type RunningPin } from "../../support/pin-scene.ts";
import { countApp, repartitionApp } from "../../support/test-apps.ts";

let scene: PinScene;

beforeEach(async () => {
  scene = await PinScene.open({ app: countApp });
});

const letters = (text: string) => [...text].map((key, index) => ({ key, value: "v", timestampMs: 1_000 + index }));

/** Counts as they were written, per key in order. */
async function counts(): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {};
  for (const { key, value } of await scene.read("out")) {
    found[key] = [...(found[key] ?? []), Number(value?.readBigInt64BE())];
  }
  return found;
}

const start = (worker: string, changes: Partial<PinEnvironment["config"]> = {}): Promise<RunningPin> =>
  scene.startPin(0, scene.environment(worker, changes).environment).untilRunning();

function withPorts(environment: PinEnvironment, ports: Partial<PinEnvironment["ports"]>): PinEnvironment {
  return { ...environment, ports: { ...environment.ports, ...ports } };
}

describe("the life of a pin", () => {
  test("processes what is there, commits, publishes, and is released asleep", async () => {
    await scene.write("in", 0, letters("abaaca"));
    const running = await start("w1");
    await running.untilCaughtUp();
    expect(await running.drained("sleep")).toEqual({ kind: "released", asleep: true });
    expect(await counts()).toEqual({ a: [1, 2, 3, 4], b: [1], c: [1] });
    expect(await scene.leases.read(0)).toMatchObject({ owner: undefined, asleep: true, epoch: 2, version: 1 });
    expect(await scene.position(0)).toMatchObject({
      epoch: 2,
      inputs: { "in:0": 7 },
      changelogs: { "app-counts-changelog:0": 3 },
    });
  });

  test("goes on in another worker where the first one ended", async () => {
    await scene.write("in", 0, letters("aab"));
    const first = await start("w1");
    await first.untilCaughtUp();
    await first.drained("sleep");
    await scene.write("in", 0, letters("ab"));
    const second = await start("w2");
    await second.untilCaughtUp();
    expect(second.pin.status()).toMatchObject({ processed: 2, epoch: 3 });
    await second.drained();
    expect(await counts()).toEqual({ a: [1, 2, 3], b: [1, 2] });
  });

  test("hands a short tail over without a snapshot; the next worker replays it", async () => {
    await scene.write("in", 0, letters("aab"));
    const first = await start("w1");
    await first.untilCaughtUp();
    expect(await first.drained("handover")).toEqual({ kind: "released", asleep: false });
    expect((await scene.leases.read(0))?.version).toBe(0);
    await scene.write("in", 0, letters("a"));
    const second = await start("w2");
    expect(scene.logged("pin-running").at(-1)).toMatchObject({ worker: "w2", tailRecords: 2 });
    await second.untilCaughtUp();
    expect((await counts())["a"]).toEqual([1, 2, 3]);
    await second.drained();
  });

  test("commits a position that only moved past markers, after the quiet time, and once", async () => {
    const running = await start("w1", { positionOnlyCommitMs: 1_000 });
    const transactor = await scene.transactor("aborter");
    transactor.begin();
    await transactor.send([{ topic: "in", partition: 0, records: batchOf(letters("x")) }]);
    await transactor.abort();
    await scene.pass(900);
    expect((await scene.position(0))?.transaction, "the birth commit").toBe(1);
    await scene.pass(5_000);
    expect(await scene.position(0)).toMatchObject({ transaction: 2, inputs: { "in:0": 2 } });
    await running.drained();
  });

  test("leaves a pin alone that another worker holds", async () => {
    await scene.leases.claim(0, "other");
    const outcome = await scene.run(scene.startPin(0, scene.environment("w1").environment).ended);
    expect(outcome).toMatchObject({ kind: "taken", row: { owner: "other" } });
    expect(await scene.leases.read(0)).toMatchObject({ owner: "other", epoch: 1 });
  });

  test("starts an input at its end when the topology says so, and writes that down before anything else", async () => {
    scene = await PinScene.open({ app: repartitionApp });
    await scene.write("in", 0, letters("old"));
    const running = await start("w1");
    expect(await scene.position(0)).toMatchObject({
      transaction: 1,
      inputs: { "in:0": 4, "rep-by-value-repartition:0": 0 },
    });
    await running.drained();
    await scene.write("in", 0, [{ key: "k", value: "new" }]);
    const second = await start("w2");
    await second.untilCaughtUp();
    await second.drained();
    expect((await scene.read("rep-by-value-repartition")).map(({ key }) => key)).toEqual(["new"]);
  });
});

describe("a commit that fails", () => {
  test.for([
    ["its EndTxn is lost", "loseRequests", "EndTxn"],
    ["the answer of its EndTxn is lost", "loseAnswers", "EndTxn"],
    ["the answer of a Produce is lost for good", "loseAnswers", "Produce"],
  ] as const)("because %s is settled by the newest position: nothing lost, nothing doubled", async ([, lose, api]) => {
    await scene.write("in", 0, letters("aab"));
    const { environment, faults } = scene.environment("w1");
    const running = await scene.startPin(0, environment).untilRunning();
    faults[lose](api, api === "Produce" ? 100 : 1);
    await scene.until(() => faults.lostCount() > 0);
    await scene.pass(6_000);
    faults[lose](api, 0);
    await scene.until(() => running.pin.status().committed?.inputs["in:0"] === 4);
    await scene.write("in", 0, letters("a"));
    await scene.until(() => running.pin.status().committed?.inputs["in:0"] === 6);
    expect(await running.drained()).toMatchObject({ kind: "released", asleep: true });
    expect(await counts()).toEqual({ a: [1, 2, 3], b: [1] });
  });

  test("because a zombie initialised late is acquired again while the lease is still ours", async () => {
    const running = await start("w1");
    await scene.run(() => scene.transactor("app-0"));
    await scene.write("in", 0, letters("ab"));
    await running.untilCaughtUp();
    expect(running.pin.status().status).toBe("running");
    await running.drained();
    expect(await counts()).toEqual({ a: [1], b: [1] });
  });

  test("after the lease was taken away ends the pin, and nothing of it is visible", async () => {
    const running = await start("w1");
    const held = await scene.leases.read(0);
    await scene.leases.plan({ kind: "take-back", pin: 0, owner: "w1", epoch: held?.epoch ?? 0 });
    const second = await start("w2");
    await scene.write("in", 0, letters("ab"));
    await second.untilCaughtUp();
    expect(await scene.run(running.ended)).toMatchObject({ kind: "fenced" });
    await second.drained();
    expect(await counts()).toEqual({ a: [1], b: [1] });
  });

  test("again and again stops with an alarm, and gives the lease back", async () => {
    const running = await start("w1", { maxReacquires: 2 });
    let fencing = true;
    void (async () => {
      while (fencing) {
        await scene.transactor("app-0");
        await scene.clock.sleep(20);
      }
    })();
    await scene.write("in", 0, letters("ab"));
    const outcome = await scene.run(running.ended);
    fencing = false;
    expect(outcome).toMatchObject({ kind: "stopped", error: { code: "TRANSACTION_ABORTED" } });
    expect(await scene.leases.read(0)).toMatchObject({ owner: undefined, asleep: false });
  });
});

describe("a pin that cannot go on", () => {
  test("because a value cannot be written stops, gives its lease back, and leaves nothing of the transaction", async () => {
    const poison = { id: "poison", read: () => 0, write: (): never => expect.fail("cannot be written") };
    scene = await PinScene.open({
      app: defineApp({ id: "app" }, (builder) => {
        const source = builder.stream("in", { key: string(), value: string() });
        source.to("out");
        source.groupByKey().aggregate(
          () => 0,
          (_key, _value, sum) => sum + 1,
          { store: "s", value: poison },
        );
      }),
    });
    await scene.write("in", 0, letters("ab"));
    const outcome = await scene.run(scene.startPin(0, scene.environment("w1").environment).ended);
    expect(outcome).toMatchObject({ kind: "stopped", error: { code: "SERIALIZATION_FAILED" } });
    expect(await scene.leases.read(0)).toMatchObject({ owner: undefined, asleep: false });
    expect(await scene.read("out")).toEqual([]);
  });

  test("because of a record names it", async () => {
    scene = await PinScene.open({
      app: defineApp({ id: "app" }, (builder) => {
        const fail = (): never => {
          throw new Error("no such thing");
        };
        builder
          .stream("in", { key: string(), value: string() })
          .mapValues(fail)
          .to("out", { key: string(), value: string() });
      }),
    });
    await scene.write("in", 0, letters("ab"));
    const outcome = await scene.run(scene.startPin(0, scene.environment("w1").environment).ended);
    expect(outcome).toMatchObject({
      kind: "stopped",
      error: { code: "PROCESSING_FAILED", details: { topic: "in", partition: 0, offset: 0 } },
    });
  });

  test("because of an exception that nothing expected is stopped as a broken invariant, with its lease given back", async () => {
    const { environment } = scene.environment("w1");
    const logger = overriding(environment.ports.logger, {
      info: (event) => {
        if (event === "pin-running") throw new TypeError("x is undefined");
      },
    });
    const outcome = await scene.run(scene.startPin(0, withPorts(environment, { logger })).ended);
    expect(outcome).toMatchObject({
      kind: "stopped",
      error: { code: "INVARIANT_BROKEN", cause: expect.any(TypeError) },
    });
    expect(await scene.leases.read(0)).toMatchObject({ owner: undefined, asleep: false });
  });

  test("because an input lost records before they were processed says so", async () => {
    await scene.write("in", 0, letters("abc"));
    const first = await start("w1");
    await first.untilCaughtUp();
    await first.drained();
    await scene.write("in", 0, letters("abc"));
    await scene.write("in", 0, letters("abc"));
    await scene.log.deleteRecords(new Map([["in:0", 8]]));
    const outcome = await scene.run(scene.startPin(0, scene.environment("w2").environment).ended);
    expect(outcome).toMatchObject({ kind: "stopped", error: { code: "OFFSET_OUT_OF_RANGE", advice: "reset" } });
  });

  test("because the application was deployed anew ends before it claims", async () => {
    const { environment } = scene.environment("w1");
    const changed = { ...scene.plan.manifest, generation: 2 };
    await scene.leases.writeDocument(APP_MANIFEST_DOCUMENT, 1, encodeAppManifest(changed));
    const outcome = await scene.run(scene.startPin(0, environment).ended);
    expect(outcome).toMatchObject({ kind: "stopped", error: { code: "TOPOLOGY_INCOMPATIBLE" } });
    expect(await scene.leases.read(0)).toBeUndefined();
  });

  test("because the lease table does not answer may be tried again", async () => {
    const { environment } = scene.environment("w1");
    const leases = overriding(scene.leases, {
      claim: () => Promise.reject(new StreamError("LEASE_TABLE_UNAVAILABLE", "no answer")),
    });
    const outcome = await scene.run(scene.startPin(0, withPorts(environment, { leases })).ended);
    expect(outcome).toMatchObject({ kind: "stopped", error: { advice: "retry" } });
  });
});

test("after the lease table was lost, epochs go on above everything that was committed or written", async () => {
  await scene.write("in", 0, letters("aab"));
  for (const worker of ["w1", "w2", "w3"]) await (await start(worker)).drained();
  const before = await scene.position(0);
  const empty: LeaseTable = createMemoryLeaseTable();
  const manifest = await scene.leases.readDocument(APP_MANIFEST_DOCUMENT);
  await empty.writeDocument(APP_MANIFEST_DOCUMENT, 0, manifest?.body ?? "");
  const { environment } = scene.environment("w4");
  const running = await scene.startPin(0, withPorts(environment, { leases: empty })).untilRunning();
  await scene.write("in", 0, letters("a"));
  await running.untilCaughtUp();
  await running.drained();
  expect((await scene.position(0))?.epoch).toBeGreaterThan(before?.epoch ?? Number.NaN);
  expect((await counts())["a"]).toEqual([1, 2, 3]);
});

test("a pin that the application does not have is a broken invariant", () => {
  expect(() => scene.startPin(9, scene.environment("w1").environment)).toThrow("INVARIANT_BROKEN");
});
