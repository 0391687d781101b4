import { beforeEach, describe, expect, test } from "vitest";
import { readNewestPosition } from "../../../lib/application/newest-position.ts";
import { encodePosition, type Position, positionRecordKey } from "../../../lib/application/position.ts";
import type { FetchRequest, Transactor } from "../../../lib/ports/log.ts";
import { batchOf } from "../../support/batches.ts";
import { overriding } from "../../support/overriding.ts";
import { PinScene } from "../../support/pin-scene.ts";
import { countApp } from "../../support/test-apps.ts";

const topic = "app-positions";
const position = (transaction: number): Position => ({
  pin: 1,
  epoch: 3,
  transaction,
  inputs: { "in:1": transaction * 10 },
  changelogs: {},
  partitionTimes: {},
  clocks: {},
  storeTimes: {},
});

let scene: PinScene;
let transactor: Transactor;

beforeEach(async () => {
  scene = await PinScene.open({ app: countApp });
  transactor = await scene.transactor("app-1");
});

async function open(transaction: number): Promise<void> {
  transactor.begin();
  const key = positionRecordKey(1).toString();
  await transactor.send([
    { topic, partition: 1, records: batchOf([{ key, value: encodePosition(position(transaction)) }]) },
  ]);
}

async function commit(transaction: number): Promise<void> {
  await open(transaction);
  await transactor.commit();
}

async function abort(transaction: number): Promise<void> {
  await open(transaction);
  await transactor.abort();
}

describe("the newest position", () => {
  test("of a pin that never committed is none", async () => {
    expect(await scene.position(1)).toBeUndefined();
  });

  test("is the last committed one", async () => {
    for (const transaction of [1, 2, 3]) await commit(transaction);
    expect(await scene.position(1)).toEqual(position(3));
    expect(await scene.position(0), "of its own partition only").toBeUndefined();
  });

  test("is not one that was aborted, nor one that is open", async () => {
    await commit(1);
    await abort(2);
    await open(2);
    expect(await scene.position(1)).toEqual(position(1));
  });

  test.for([15, 16, 17, 80, 1_000])("is found behind %i aborted ones", async (aborted) => {
    await commit(7);
    for (let i = 0; i < aborted; i++) await abort(8);
    expect(await scene.position(1)).toEqual(position(7));
  });

  test("is none when all were aborted", async () => {
    for (let i = 0; i < 50; i++) await abort(1);
    expect(await scene.position(1)).toBeUndefined();
  });

  test("is found with one fetch when it is near the end, and with few when it is far", async () => {
    const fetched: number[] = [];
    const fetch = (request: FetchRequest) => {
      fetched.push([...request.positions.values()][0] ?? -1);
      return scene.log.fetch(request);
    };
    const read = () => scene.run(readNewestPosition(overriding(scene.log, { fetch }), topic, 1));
    for (const transaction of [1, 2, 3]) await commit(transaction);
    await read();
    expect(fetched).toHaveLength(1);
    for (let i = 0; i < 200; i++) await abort(4);
    fetched.length = 0;
    expect(await read()).toEqual(position(3));
    expect(new Set(fetched).size).toBeLessThanOrEqual(6);
  });

  test("of a log that cannot be read is LOG_UNAVAILABLE, not none", async () => {
    await commit(1);
    const silent = overriding(scene.log, { fetch: async () => new Map() });
    await expect(scene.run(readNewestPosition(silent, topic, 1))).rejects.toMatchObject({ code: "LOG_UNAVAILABLE" });
  });

  test("that a newer version wrote is SCHEMA_UNKNOWN", async () => {
    await scene.write(topic, 1, [{ key: "1", value: '{"format":2}' }]);
    await expect(scene.position(1)).rejects.toMatchObject({ code: "SCHEMA_UNKNOWN" });
  });
});
