import { describe, expect, test } from "vitest";
import { defineApp, retry, string } from "../../../lib/index.ts";
import type { Clock } from "../../../lib/ports/clock.ts";
import { PinScene } from "../../support/pin-scene.ts";

/** Calls take as long as their value says, by the clock of the scene. */
class Service {
  clock: Clock | undefined;
  readonly made: string[] = [];
  readonly aborted: string[] = [];
  running = 0;
  most = 0;
  failsOn: string | undefined;

  async call(value: string, signal: AbortSignal): Promise<string> {
    this.made.push(value);
    this.most = Math.max(this.most, ++this.running);
    signal.addEventListener("abort", () => this.aborted.push(value));
    await this.clock?.sleep(Number(value.split(":")[1]), signal);
    this.running--;
    if (value === this.failsOn) throw new Error("not now");
    return value.toUpperCase();
  }
}

async function open(service: Service, options = {}): Promise<PinScene> {
  const app = defineApp({ id: "app", processingExceptionHandler: retry({ attempts: 3, backoff: "1s" }) }, (builder) => {
    builder
      .stream("in", { key: string(), value: string() })
      .mapValuesAsync((value, _key, { signal }) => service.call(value, signal), { concurrency: 4, ...options })
      .to("out", { value: string() });
  });
  const scene = await PinScene.open({ app, partitions: 1 });
  service.clock = scene.clock;
  return scene;
}

const records = (...values: string[]) =>
  values.map((value, index) => ({ key: `k${index}`, value, timestampMs: 1_000 + index }));

const read = async (scene: PinScene) => (await scene.read("out")).map(({ value }) => String(value));

describe("asynchronous functions in a pin", () => {
  test("run beside each other, and results are committed in the order of their records", async () => {
    const service = new Service();
    const scene = await open(service);
    const values = Array.from({ length: 12 }, (_, index) => `v${index}:${index % 3 === 0 ? 900 : 20}`);
    await scene.write("in", 0, records(...values));
    const startMs = scene.clock.monotonicMs();
    const pin = await scene.startPin(0, scene.environment("w1").environment).untilRunning();
    await pin.untilCaughtUp();
    expect(await read(scene)).toEqual(values.map((value) => value.toUpperCase()));
    expect(service.most).toBe(4);
    expect(scene.clock.monotonicMs() - startMs).toBeLessThan(4_500);
    await pin.drained();
  });

  test("no position is beyond a record whose call runs; what was not wanted any more is called again elsewhere", async () => {
    const service = new Service();
    const scene = await open(service);
    await scene.write("in", 0, records("a:10", "b:20000", "c:10"));
    const first = await scene.startPin(0, scene.environment("w1").environment).untilRunning();
    await scene.pass(5_000);
    expect((await scene.position(0))?.inputs["in:0"]).toBe(1);
    expect(await first.drained("deadline")).toMatchObject({ kind: "released" });
    expect(service.aborted).toContain("b:20000");

    const second = await scene.startPin(0, scene.environment("w2").environment).untilRunning();
    await scene.pass(21_000);
    await second.untilCaughtUp();
    expect(await read(scene)).toEqual(["A:10", "B:20000", "C:10"]);
    expect(service.made).toEqual(["a:10", "b:20000", "c:10", "b:20000", "c:10"]);
    await second.drained();
  });

  test("an abort takes results back, and they come once", async () => {
    const service = new Service();
    const scene = await open(service);
    const { environment, faults } = scene.environment("w1");
    const pin = await scene.startPin(0, environment).untilRunning();
    faults.loseRequests("EndTxn");
    await scene.write("in", 0, records("a:10", "b:500", "c:10"));
    await scene.until(() => faults.lostCount() > 0);
    await pin.untilCaughtUp();
    expect(await read(scene)).toEqual(["A:10", "B:500", "C:10"]);
    await pin.drained();
  });

  test("a call that fails is tried again by the handler, and one without an answer has failed", async () => {
    const service = new Service();
    service.failsOn = "b:10";
    const scene = await open(service, { timeout: "2s" });
    await scene.write("in", 0, records("a:10", "b:10", "c:10"));
    const pin = await scene.startPin(0, scene.environment("w1").environment).untilRunning();
    await scene.until(() => scene.logged("record-retried").length === 2);
    service.failsOn = undefined;
    await pin.untilCaughtUp();
    expect(await read(scene)).toEqual(["A:10", "B:10", "C:10"]);
    await scene.write("in", 0, records("d:5000"));
    await scene.until(() => scene.logged("record-retried").length === 3);
    expect(scene.logged("record-retried").at(-1)?.["error"]).toMatch(/no answer within 2000 ms/);
    await pin.drained();
  });
});
