import { afterEach, beforeEach, expect, test } from "vitest";
import type { FetchRequest } from "../../../lib/ports/log.ts";
import { overriding } from "../../support/overriding.ts";
import { PinScene } from "../../support/pin-scene.ts";
import { countApp } from "../../support/test-apps.ts";
import { limits, Running } from "./running-worker.ts";

const patient = { ...limits.fetch, maxWaitMs: 30_000 };
let scene: PinScene;
let running: Running | undefined;

beforeEach(async () => {
  scene = await PinScene.open({ app: countApp });
});

afterEach(async () => {
  running?.stop.abort();
  await scene.pass(60_000);
});

function start(changes: Partial<typeof patient> = {}): Running {
  const { environment } = scene.environment("w");
  running = new Running(environment, { fetch: { ...patient, ...changes } });
  return running;
}

const processed = (pin: number) => running?.worker.status().find((status) => status.pin === pin)?.processed;

/** A worker with pin 0, told what is fetched before it is. */
async function startWatched(beforeFetch: (request: FetchRequest) => void): Promise<void> {
  const { environment } = scene.environment("w");
  const { log } = environment.ports;
  const fetch: typeof log.fetch = async (request) => {
    beforeFetch(request);
    return log.fetch(request);
  };
  await scene.leases.plan({ kind: "add-worker", worker: "w", assigned: [0] });
  running = new Running(
    { ...environment, ports: { ...environment.ports, log: overriding(log, { fetch }) } },
    { fetch: { ...patient, maxWaitMs: 233 } },
  );
  await scene.until(() => running?.held.length === 1);
}

async function assign(assigned: readonly number[]): Promise<void> {
  const row = (await scene.leases.observe()).workers[0];
  await scene.leases.plan({ kind: "assign", worker: "w", assigned, planVersion: row?.planVersion ?? -1 });
}

async function takesMs(what: () => boolean): Promise<number> {
  const fromMs = scene.clock.monotonicMs();
  await scene.until(what);
  return scene.clock.monotonicMs() - fromMs;
}

test("a pin that comes to a worker does not wait until the others have records", async () => {
  await scene.leases.plan({ kind: "add-worker", worker: "w", assigned: [0] });
  await scene.write("in", 1, [{ key: "a", value: "v" }]);
  start();
  await scene.until(() => running?.held.length === 1);
  await scene.pass(1_000);
  await assign([0, 1]);
  await scene.until(() => running?.held.length === 2);
  expect(await takesMs(() => processed(1) === 1)).toBeLessThan(100);
});

test("a partition with enough buffered is asked for again when it has less, although others wait for records", async () => {
  await scene.leases.plan({ kind: "add-worker", worker: "w", assigned: [0, 1] });
  for (let i = 0; i < 20; i++) await scene.write("in", 1, [{ key: "a", value: "v" }]);
  start({ maxBufferedBytes: 1, maxPartitionBytes: 1 });
  await scene.until(() => running?.held.length === 2);
  expect(await takesMs(() => processed(1) === 20)).toBeLessThan(2_000);
});

test("partitions that were asked for apart are asked for together again", async () => {
  const asked: string[][] = [];
  await startWatched(({ positions }) => asked.push([...positions.keys()]));
  await scene.pass(70);
  await assign([0, 1]);
  await scene.until(() => running?.held.length === 2);
  await scene.pass(500);
  asked.length = 0;
  await scene.pass(2_000);
  const both = asked.filter((keys) => keys.includes("in:0") && keys.includes("in:1"));
  expect(both.length).toBeGreaterThanOrEqual(7);
  expect(asked.filter((keys) => keys.some((key) => key.startsWith("in:")))).toEqual(both);
});

test("a fetch that failed and waits to be tried again does not hurry the others", async () => {
  const asked: number[] = [];
  await startWatched(({ positions, maxWaitMs }) => {
    if (positions.has("in:0")) throw new Error("no answer");
    if (positions.has("in:1")) asked.push(maxWaitMs);
  });
  await scene.pass(8_000);
  await assign([0, 1]);
  await scene.until(() => running?.held.length === 2);
  await scene.pass(1_500);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.length).toBeLessThan(20);
});
