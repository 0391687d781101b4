import { expect, test } from "vitest";
import { defineApp, string, timeWindows } from "../../../lib/index.ts";
import { lookUp } from "../../../lib/query/look-up.ts";
import { openTables } from "../../../lib/query/tables.ts";
import { PinScene } from "../../support/pin-scene.ts";

/** More than a call can have arguments. */
const WINDOWS = 140_000;

const app = defineApp({ id: "many-windows" }, (builder) => {
  builder
    .stream("in", { key: string(), value: string() })
    .groupByKey()
    .windowedBy(timeWindows({ size: 1, grace: "1h" }))
    .count({ store: "counts" });
});

test("the newest windows of all keys are found among however many there are", { timeout: 60_000 }, async () => {
  const scene = await PinScene.open({ app, partitions: 1 });
  const pin = await scene.startPin(0, scene.environment("w").environment).untilRunning();
  for (let first = 0; first < WINDOWS; first += 10_000) {
    const records = Array.from({ length: 10_000 }, (_, n) => ({ key: "A", value: "v", timestampMs: first + n }));
    await scene.write("in", 0, records);
    await pin.untilCaughtUp();
  }
  const tables = await scene.run(() => openTables(app, scene));
  const bounds = { store: "counts", key: undefined, from: undefined, to: undefined, freshness: "committed" } as const;
  const answer = await scene.run(lookUp(tables, { ...bounds, limit: 2 }));
  expect(answer).toMatchObject({
    kind: "range",
    rows: [{ windowStartMs: WINDOWS - 2 }, { windowStartMs: WINDOWS - 1 }],
  });
  await pin.drained("sleep");
});
