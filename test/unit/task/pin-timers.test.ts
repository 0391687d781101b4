import { describe, expect, test } from "vitest";
import { nextTimerMs } from "../../../lib/application/position.ts";
import { defineApp, int64, type ProcessorContext, type ScheduleOptions, Stores, string } from "../../../lib/index.ts";
import { PinScene } from "../../support/pin-scene.ts";

const text = { key: string(), value: string() };

/** Counts records; at every tick writes how many there were since the last one. */
function tickingApp(missed: NonNullable<ScheduleOptions["missed"]>) {
  const counts = Stores.keyValue("counts", { key: string(), value: int64() });
  return defineApp({ id: "ticking" }, (builder) => {
    builder
      .stream("in", text)
      .process(
        (context: ProcessorContext<string, number>) => {
          const store = context.getStateStore(counts);
          context.schedule({ interval: "10s", type: "wallClockTime", missed }, (timestampMs) => {
            context.forward({ key: "tick", value: store.get("all") ?? 0, timestampMs });
            store.delete("all");
          });
          return { process: () => store.put("all", (store.get("all") ?? 0) + 1) };
        },
        { stores: [counts] },
      )
      .to("out", { key: string(), value: int64() });
  });
}

async function ticks(scene: PinScene): Promise<readonly number[]> {
  return (await scene.read("out")).map(({ value }) => Number(value?.readBigInt64BE()));
}

const records = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ key: "k", value: "v", timestampMs: 1_000 + index }));

describe("a wall-clock punctuator in a worker", () => {
  test("is called from the pin's loop, without records, and its work is committed", async () => {
    const scene = await PinScene.open({ app: tickingApp("fireOnce"), partitions: 1 });
    await scene.write("in", 0, records(3));
    const running = await scene.startPin(0, scene.environment("w1").environment).untilRunning();
    await scene.run(() => scene.clock.sleep(25_000));
    await running.drained("sleep");
    expect(await ticks(scene)).toEqual([3, 0]);
  });

  test("that nothing else made dirty has its due time committed, so that a sleeping pin can be woken", async () => {
    const scene = await PinScene.open({ app: tickingApp("fireOnce"), partitions: 1 });
    const running = await scene.startPin(0, scene.environment("w1").environment).untilRunning();
    const startMs = scene.clock.nowMs();
    await scene.run(() => scene.clock.sleep(2_000));
    expect(running.pin.status().nextTimerAtMs).toBeGreaterThan(startMs);
    expect(await running.drained("sleep")).toMatchObject({ kind: "released" });
    const position = await scene.position(0);
    expect(position && nextTimerMs(position)).toBeGreaterThan(startMs);
  });

  test.for<[NonNullable<ScheduleOptions["missed"]>, number]>([
    ["fireOnce", 1],
    ["fireAll", 6],
    ["skip", 0],
  ])("whose ticks passed while nobody held the pin: %s gives %i calls at the next start", async ([missed, calls]) => {
    const scene = await PinScene.open({ app: tickingApp(missed), partitions: 1 });
    await scene.write("in", 0, records(2));
    const first = await scene.startPin(0, scene.environment("w1").environment).untilRunning();
    await scene.run(() => scene.clock.sleep(5_000));
    await first.drained("sleep");
    await scene.run(() => scene.clock.sleep(60_000));
    const second = await scene.startPin(0, scene.environment("w2").environment).untilRunning();
    await scene.run(() => scene.clock.sleep(1_000));
    await second.drained("sleep");
    expect(await ticks(scene)).toEqual([2, 0, 0, 0, 0, 0].slice(0, calls));
  });
});
