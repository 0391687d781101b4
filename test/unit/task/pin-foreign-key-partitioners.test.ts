import { expect, test } from "vitest";
import { defineApp, string } from "../../../lib/index.ts";
import { PinScene } from "../../support/pin-scene.ts";

const text = { key: string(), value: string() };
/** Keys end in their partition. */
const byLastDigit = (key: string): number => Number(key.at(-1));

function joined(partitioners: {
  readonly partitioner?: typeof byLastDigit;
  readonly otherPartitioner?: (key: string) => number | number[];
}) {
  return defineApp({ id: "app", pins: 1 }, (builder) => {
    const carts = builder.table("carts", text);
    const users = builder.table("users", text);
    carts
      .join(users, (cart, user) => `${cart}:${user}`, { foreignKey: (cart) => cart, ...partitioners })
      .toStream()
      .to("out", text);
  });
}

async function results(app: ReturnType<typeof joined>) {
  const scene = await PinScene.open({ app, partitions: 4 });
  const pin = scene.startPin(0, scene.environment("w1").environment);
  await pin.untilRunning();
  for (const digit of [0, 1, 2, 3]) {
    await scene.write("users", digit, [{ key: `u${digit}`, value: `name${digit}`, timestampMs: 1 }]);
    await scene.write("carts", 3 - digit, [{ key: `c${3 - digit}`, value: `u${digit}`, timestampMs: 2 }]);
  }
  await pin.untilCaughtUp();
  await pin.drained();
  return (await scene.read("out")).map(({ value }) => value?.toString()).toSorted();
}

const all = ["u0:name0", "u1:name1", "u2:name2", "u3:name3"];

test("tables that are not partitioned by Kafka's default meet where their rows are", async () => {
  expect(await results(joined({ otherPartitioner: byLastDigit }))).toEqual(all);
  expect(await results(joined({ partitioner: byLastDigit, otherPartitioner: byLastDigit }))).toEqual(all);
});

test("without a word of it subscriptions go where Kafka's default says, and find nothing there", async () => {
  expect((await results(joined({}))).length).toBeLessThan(4);
});

test("a row is in one partition", async () => {
  const scene = await PinScene.open({ app: joined({ otherPartitioner: () => [0, 1] }), partitions: 2 });
  await scene.write("carts", 0, [{ key: "c0", value: "u0", timestampMs: 2 }]);
  const outcome = await scene.run(scene.startPin(0, scene.environment("w1").environment).ended);
  expect(outcome).toMatchObject({ kind: "stopped", error: { code: "PROCESSING_FAILED" } });
  expect(String("error" in outcome && outcome.error)).toContain(
    "it answered 0, 1: a row of a table is in one partition",
  );
});
