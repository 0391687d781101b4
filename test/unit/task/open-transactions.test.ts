import { beforeEach, expect, test } from "vitest";
import { batchOf } from "../../support/batches.ts";
import { PinScene } from "../../support/pin-scene.ts";
import { countApp } from "../../support/test-apps.ts";

let scene: PinScene;

beforeEach(async () => {
  scene = await PinScene.open({ app: countApp });
});

/** What a broker leaves behind that lost the end of a transaction: records that are neither committed nor aborted. */
async function leaveOpen(topic: string) {
  const lost = await scene.run(scene.transactor("lost"));
  lost.begin();
  await scene.run(lost.send([{ topic, partition: 0, records: batchOf([{ key: "0", value: "never ended" }]) }]));
  return lost;
}

test.for(["app-positions", "app-counts-changelog"])(
  "a transaction that the broker never ended in %s keeps a pin from going on, until somebody ends it",
  async (topic) => {
    await scene.write("in", 0, [{ key: "a", value: "v", timestampMs: 1 }]);
    const lost = await leaveOpen(topic);

    const outcome = await scene.run(scene.startPin(0, scene.environment("w1").environment).ended);

    expect(outcome).toMatchObject({
      kind: "stopped",
      error: { code: "TRANSACTION_HANGING", advice: "retry", details: { topic, partition: 0, offset: 0, end: 1 } },
    });
    expect(await scene.read("out")).toEqual([]);

    await scene.run(lost.abort());
    const running = await scene.startPin(0, scene.environment("w1").environment).untilRunning();
    await running.untilCaughtUp();
    expect((await scene.read("out")).map(({ key }) => key)).toEqual(["a"]);
  },
);
