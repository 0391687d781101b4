import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InProcessLauncher } from "../../../../lib/adapters/in-process/launcher.ts";
import { parseSettings } from "../../../../lib/config/settings.ts";
import type { PinPorts } from "../../../../lib/task/pin-acquire.ts";
import type { WorkerSummary } from "../../../../lib/worker/worker.ts";
import { overriding } from "../../../support/overriding.ts";
import { PinScene } from "../../../support/pin-scene.ts";
import { countApp } from "../../../support/test-apps.ts";

const settings = parseSettings({ commit: { intervalMs: 100, positionOnlyMs: 1_000 } });
let scene: PinScene;
let launcher: InProcessLauncher;
let exits: { worker: string; summary: WorkerSummary | undefined; error: unknown }[];
let closed: string[];

beforeEach(async () => {
  scene = await PinScene.open({ app: countApp });
  exits = [];
  closed = [];
  launcher = make();
});

afterEach(async () => {
  await scene.run(launcher.close());
});

function make(ports: (worker: string) => Promise<PinPorts> = portsOf): InProcessLauncher {
  const onExit = (worker: string, summary: WorkerSummary | undefined, error: unknown): void =>
    void exits.push({ worker, summary, error });
  return new InProcessLauncher({ app: scene.app, settings, ports, onExit });
}

async function portsOf(worker: string): Promise<PinPorts> {
  const { ports } = scene.environment(worker).environment;
  const close = async () => {
    closed.push(worker);
    await ports.log.close();
  };
  return { ...ports, log: overriding(ports.log, { close }) };
}

const plan = (worker: string, pin: number) => scene.leases.plan({ kind: "add-worker", worker, assigned: [pin] });
const owner = async (pin: number) => (await scene.leases.read(pin))?.owner;
const running = (worker: string) => launcher.worker(worker)?.status()[0]?.status === "running";
async function startOn(worker: string, pin: number): Promise<void> {
  await plan(worker, pin);
  await launcher.start({ worker });
  await scene.until(() => running(worker));
}

describe("a worker in this process", () => {
  test("runs with ports of its own until it is told to stop, and says how it ended", async () => {
    await startOn("w1", 0);
    expect([await launcher.list(), await owner(0)]).toEqual([["w1"], "w1"]);
    await launcher.stop("w1");
    await scene.until(() => exits.length === 1);
    expect(exits).toMatchObject([{ worker: "w1", summary: { ended: "stopped" }, error: undefined }]);
    expect([await launcher.list(), await owner(0), closed]).toEqual([[], undefined, ["w1"]]);
  });

  test("is started once", async () => {
    await startOn("w1", 0);
    await launcher.start({ worker: "w1" });
    expect(await launcher.list()).toEqual(["w1"]);
  });

  test("that is killed does nothing any more: no release, no leave, no exit", async () => {
    await startOn("w1", 0);
    await scene.write("in", 0, [{ key: "a", value: "v" }]);
    expect(await launcher.kill("w1")).toBe(true);
    await scene.pass(30_000);
    expect([exits, await launcher.list(), await owner(0)]).toEqual([[], [], "w1"]);
    expect((await scene.leases.observe()).workers.map(({ worker }) => worker)).toEqual(["w1"]);
    expect(await launcher.kill("w1")).toBe(false);
  });

  test("that is killed leaves the others alone, and its pin can be taken over", async () => {
    await startOn("w1", 0);
    await startOn("w2", 1);
    await scene.write("in", 0, [{ key: "a", value: "v" }]);
    await launcher.kill("w1");
    expect(running("w2")).toBe(true);
    const held = await scene.leases.read(0);
    await scene.leases.plan({ kind: "take-back", pin: 0, owner: "w1", epoch: held?.epoch ?? -1 });
    await startOn("w3", 0);
    await scene.until(() => launcher.worker("w3")?.status()[0]?.committed?.inputs["in:0"] === 2);
    expect((await scene.read("out")).map(({ key }) => key)).toEqual(["a"]);
  });

  test("whose ports cannot be made ends with that error", async () => {
    launcher = make(() => Promise.reject(new Error("no connection")));
    await launcher.start({ worker: "w1" });
    await scene.until(() => exits.length === 1);
    expect(exits[0]).toMatchObject({ summary: undefined, error: new Error("no connection") });
  });

  test("that is killed before its ports are made gets none, and leaves a later one of its name alone", async () => {
    const waiting: ((ports: PinPorts) => void)[] = [];
    launcher = make(() => new Promise((resolve) => waiting.push(resolve)));
    await launcher.start({ worker: "w1" });
    expect(await launcher.kill("w1")).toBe(true);
    await launcher.start({ worker: "w1" });
    waiting[0]?.(await portsOf("w1"));
    await scene.until(() => closed.length === 1);
    expect([exits, await launcher.list()]).toEqual([[], ["w1"]]);
    waiting[1]?.(await portsOf("w1"));
    await plan("w1", 0);
    await scene.until(() => running("w1"));
  });

  test("unknown is neither stopped nor killed, and that is fine", async () => {
    await launcher.stop("nobody");
    expect(await launcher.kill("nobody")).toBe(false);
  });
});

test("closing stops every worker in order and waits until each has released its pins", async () => {
  await startOn("w1", 0);
  await startOn("w2", 1);
  await scene.run(launcher.close());
  expect(exits.map(({ worker }) => worker).sort()).toEqual(["w1", "w2"]);
  expect([await owner(0), await owner(1)]).toEqual([undefined, undefined]);
  expect((await scene.leases.observe()).workers).toEqual([]);
});
