import { expect, test } from "vitest";
import { defineApp, string, versionedKeyValue } from "../../../lib/index.ts";
import { PinScene, type RunningPin } from "../../support/pin-scene.ts";

const text = { key: string(), value: string() };
const app = defineApp({ id: "app" }, (builder) => {
  const prices = builder.table("prices", { ...text, store: versionedKeyValue("history", "1m") });
  builder
    .stream("orders", text)
    .leftJoin(prices, (order, price) => `${order}@${price}`, { name: "priced", gracePeriod: "10s" })
    .to("out", text);
});

test("records wait across workers: in a snapshot, in the changelog's tail, and their sequence goes on", async () => {
  const scene = await PinScene.open({ app, partitions: 1 });
  const start = (worker: string): Promise<RunningPin> =>
    scene.startPin(0, scene.environment(worker).environment).untilRunning();
  const order = (value: string, timestampMs: number) => scene.write("orders", 0, [{ key: "k", value, timestampMs }]);

  await order("a", 5_000);
  await order("b", 5_000);
  const first = await start("w1");
  await first.untilCaughtUp();
  expect(await first.drained("sleep")).toMatchObject({ asleep: true });

  await order("c", 5_000);
  await scene.write("prices", 0, [{ key: "k", value: "one", timestampMs: 4_000 }]);
  const second = await start("w2");
  await second.untilCaughtUp();
  expect(await second.drained("handover")).toMatchObject({ kind: "released" });

  await scene.write("prices", 0, [{ key: "k", value: "two", timestampMs: 6_000 }]);
  const third = await start("w3");
  await third.untilCaughtUp();
  await order("d", 15_000);
  await order("e", 20_000);
  await third.untilCaughtUp();
  await third.drained();
  expect((await scene.read("out")).map(({ value }) => value?.toString())).toEqual(["a@one", "b@one", "c@one"]);
  const logged = await scene.read("app-priced-Buffer-changelog");
  const sequences = logged.filter(({ value }) => value !== null).map(({ key }) => key?.at(-1)?.charCodeAt(0));
  expect(sequences).toEqual([1, 2, 3, 4, 5]);
});
