import { beforeEach, expect, test } from "vitest";
import { decodePosition } from "../../../lib/application/position.ts";
import type { PartitionBatch, Transactor } from "../../../lib/ports/log.ts";
import { batchOf } from "../../support/batches.ts";
import { overriding } from "../../support/overriding.ts";
import { PinScene, type RunningPin } from "../../support/pin-scene.ts";
import { countApp } from "../../support/test-apps.ts";

const changelog = "app-counts-changelog";

let scene: PinScene;
/** Topics of every Produce of the pin. */
let sends: string[][];
let pin: RunningPin;

beforeEach(async () => {
  scene = await PinScene.open({ app: countApp });
  sends = [];
  const { environment } = scene.environment("w1");
  const { log } = environment.ports;
  const noting = overriding(log, {
    transactor: async (options) => noteSends(await log.transactor(options)),
  });
  pin = await scene.startPin(0, { ...environment, ports: { ...environment.ports, log: noting } }).untilRunning();
  sends = [];
});

function noteSends(transactor: Transactor): Transactor {
  return overriding(transactor, {
    send: (batches: readonly PartitionBatch[]) => {
      sends.push(batches.map(({ topic }) => topic));
      return transactor.send(batches);
    },
  });
}

/** Lets the pin commit some records. @returns the Produces that it took */
async function commitSome(keys: string): Promise<string[][]> {
  const before = sends.length;
  await scene.write(
    "in",
    0,
    [...keys].map((key) => ({ key, value: "v", timestampMs: 1 })),
  );
  await pin.untilCaughtUp();
  return sends.slice(before);
}

async function positions() {
  const records = await scene.read("app-positions");
  return records.map(({ value }) => decodePosition(value ?? Buffer.alloc(0)));
}

const together = [[changelog, "out", "app-positions"]];

test("the position goes along with the last batches from the second commit of an epoch on", async () => {
  expect(await commitSome("ab")).toEqual([[changelog, "out"], ["app-positions"]]);
  expect(await commitSome("abc")).toEqual(together);
  expect(await commitSome("a")).toEqual(together);

  const written = await positions();
  expect(written.map(({ transaction }) => transaction)).toEqual([1, 2, 3, 4]);
  // Two records and their marker, three and theirs, one.
  expect(written.map(({ changelogs }) => changelogs[`${changelog}:0`])).toEqual([0, 2, 6, 8]);
});

test("a guess that turns out wrong is followed by the position as it is", async () => {
  await commitSome("ab");
  const stranger = await scene.run(scene.transactor("stranger"));
  stranger.begin();
  await scene.run(stranger.send([{ topic: changelog, partition: 0, records: batchOf([{ key: "x", value: "x" }]) }]));
  await scene.run(stranger.abort());

  expect(await commitSome("c")).toEqual([...together, ["app-positions"]]);
  expect((await scene.position(0))?.changelogs).toEqual({ [`${changelog}:0`]: 6 });

  expect(await commitSome("d")).toEqual(together);
  expect((await scene.position(0))?.changelogs).toEqual({ [`${changelog}:0`]: 8 });
});
