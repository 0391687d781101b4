import { expect, test } from "vitest";
import { defineApp, string, versionedKeyValue } from "../../../lib/index.ts";
import { PinScene, type RunningPin } from "../../support/pin-scene.ts";

const text = { key: string(), value: string() };
const app = defineApp({ id: "app" }, (builder) => {
  const prices = builder.table("prices", { ...text, store: versionedKeyValue("history", "1m") });
  builder
    .stream("orders", text)
    .leftJoin(prices, (order, price) => `${order}@${price}`)
    .to("out", text);
});

test("history survives: in a snapshot, in the changelog's tail, and on top of both", async () => {
  const scene = await PinScene.open({ app, partitions: 1 });
  const start = (worker: string): Promise<RunningPin> =>
    scene.startPin(0, scene.environment(worker).environment).untilRunning();
  const price = (value: string, timestampMs: number) => scene.write("prices", 0, [{ key: "k", value, timestampMs }]);

  await price("one", 1_000);
  await price("two", 2_000);
  const first = await start("w1");
  await first.untilCaughtUp();
  expect(await first.drained("sleep")).toMatchObject({ asleep: true });

  await price("late", 1_500);
  await price("three", 3_000);
  const second = await start("w2");
  await second.untilCaughtUp();
  expect(await second.drained("handover")).toMatchObject({ kind: "released" });

  const third = await start("w3");
  expect(scene.logged("pin-running").at(-1)).toMatchObject({ worker: "w3", tailRecords: 2 });
  const orders = [500, 1_200, 1_700, 2_500, 9_000].map((timestampMs) => ({ key: "k", value: "o", timestampMs }));
  await scene.write("orders", 0, orders);
  await third.untilCaughtUp();
  await third.drained();
  const joined = (await scene.read("out")).map(({ value }) => value?.toString());
  expect(joined).toEqual(["o@null", "o@one", "o@late", "o@two", "o@three"]);
  expect((await scene.read("app-history-changelog")).map(({ timestampMs }) => timestampMs)).toEqual([
    1_000, 2_000, 1_500, 3_000,
  ]);
});
