import { expect, test } from "vitest";
import { nextTimerMs } from "../../../lib/application/position.ts";
import { defineApp, json, string } from "../../../lib/index.ts";
import { PinScene } from "../../support/pin-scene.ts";

/** Groups of three, or of what comes within ten seconds. */
const app = defineApp({ id: "grouping" }, (builder) => {
  builder
    .stream("in", { key: string(), value: string() })
    .groupedWithin(3, "10s", { store: "waiting" })
    .to("out", { value: json() });
});

const values = (...texts: string[]) => texts.map((value) => ({ key: "k", value, timestampMs: 1_000 }));

async function groups(scene: PinScene): Promise<readonly unknown[]> {
  return (await scene.read("out")).map(({ value }) => JSON.parse(String(value)));
}

test("a group that waits moves with its pin, and goes on when it is due", async () => {
  const scene = await PinScene.open({ app, partitions: 1 });
  const startMs = scene.clock.nowMs();
  await scene.write("in", 0, values("a", "b", "c", "d"));
  const first = await scene.startPin(0, scene.environment("w1").environment).untilRunning();
  await first.untilCaughtUp();
  expect(await first.drained("sleep")).toMatchObject({ kind: "released", asleep: true });
  const position = await scene.position(0);
  expect(position && nextTimerMs(position)).toBeGreaterThan(startMs + 9_000);

  const second = await scene.startPin(0, scene.environment("w2").environment).untilRunning();
  await scene.pass(5_000);
  await scene.write("in", 0, values("e"));
  await second.untilCaughtUp();
  expect(await groups(scene)).toEqual([["a", "b", "c"]]);
  await scene.pass(6_000);
  expect(await groups(scene)).toEqual([
    ["a", "b", "c"],
    ["d", "e"],
  ]);
  await second.drained();
});

test("an abort takes back what was added to a group, and what went on with it", async () => {
  const scene = await PinScene.open({ app, partitions: 1 });
  await scene.write("in", 0, values("a", "b"));
  const { environment, faults } = scene.environment("w1");
  const pin = await scene.startPin(0, environment).untilRunning();
  await pin.untilCaughtUp();
  faults.loseRequests("EndTxn");
  await scene.write("in", 0, values("c", "d"));
  await scene.until(() => faults.lostCount() > 0);
  await pin.untilCaughtUp();
  await scene.pass(11_000);
  expect(await groups(scene)).toEqual([["a", "b", "c"], ["d"]]);
  await pin.drained();
});
