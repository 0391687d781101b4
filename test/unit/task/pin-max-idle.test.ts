import { expect, test } from "vitest";
import { defineApp, string } from "../../../lib/index.ts";
import { PinScene, type RunningPin } from "../../support/pin-scene.ts";

const text = { key: string(), value: string() };
const app = defineApp({ id: "app" }, (builder) => {
  builder.stream("left", text).merge(builder.stream("right", text)).to("out", text);
});

async function running(
  maxTaskIdleMs: number,
): Promise<{ scene: PinScene; pin: RunningPin; values: () => Promise<unknown> }> {
  const scene = await PinScene.open({ app, partitions: 1 });
  const { environment } = scene.environment("w1");
  const patient = { ...environment, limits: { ...environment.limits, maxTaskIdleMs } };
  const pin = await scene.startPin(0, patient).untilRunning();
  return { scene, pin, values: async () => (await scene.read("out")).map(({ value }) => value?.toString()) };
}

test("records wait for an input that is late, and are taken in the order of time", async () => {
  const { scene, pin, values } = await running(5_000);
  await scene.write("left", 0, [{ key: "k", value: "late", timestampMs: 20 }]);
  await scene.run(scene.clock.sleep(3_000));
  expect(await values()).toEqual([]);
  await scene.write("right", 0, [{ key: "k", value: "early", timestampMs: 10 }]);
  await pin.untilCaughtUp();
  expect(await values()).toEqual(["early", "late"]);
  await pin.drained();
});

test("an input that stays empty is waited for no longer than that, and nothing else has to wake the pin", async () => {
  const { scene, pin, values } = await running(5_000);
  await scene.write("left", 0, [{ key: "k", value: "alone", timestampMs: 20 }]);
  await scene.run(scene.clock.sleep(7_000));
  expect(await values()).toEqual(["alone"]);
  await pin.drained();
});

test("without patience nothing waits", async () => {
  const { scene, pin, values } = await running(0);
  await scene.write("left", 0, [{ key: "k", value: "late", timestampMs: 20 }]);
  await scene.run(scene.clock.sleep(1_000));
  expect(await values()).toEqual(["late"]);
  await pin.drained();
});
