import { beforeEach, describe, expect, test } from "vitest";
import type { TaskChangelog } from "../../../lib/application/plan.ts";
import { partitionKey } from "../../../lib/core/ids.ts";
import { type FetchedPartition, type FetchRequest, type Log, LogError } from "../../../lib/ports/log.ts";
import type { StoreSpec } from "../../../lib/state/store.ts";
import { assertNothingBeyond, replayChangelogs } from "../../../lib/task/replay.ts";
import { batchOf } from "../../support/batches.ts";
import { overriding } from "../../support/overriding.ts";
import { PinScene } from "../../support/pin-scene.ts";
import { countApp } from "../../support/test-apps.ts";

const topic = "app-counts-changelog";
const changelog = (partition = 0): TaskChangelog => ({
  topic,
  partition,
  key: partitionKey(topic, partition),
  store: { name: "counts" } as StoreSpec,
  isSource: false,
});

class Rows {
  readonly seen: string[] = [];
  /** @hotPath as the contract says */
  row(keyText: string, bytes: Buffer, start: number, length: number, timestampMs: number): void {
    const value = length < 0 ? "gone" : bytes.toString("latin1", start, start + length);
    this.seen.push(`${keyText}=${value}@${timestampMs}`);
  }
}

let scene: PinScene;

beforeEach(async () => {
  scene = await PinScene.open({ app: countApp });
});

/** Offsets 0-2 and a marker at 3. */
const three = [
  { key: "a", value: "1", timestampMs: 10 },
  { key: "b", value: "2", timestampMs: 11 },
  { key: "a", value: null, timestampMs: 12 },
];

const replay = (from: number, to: number, store: Rows, log: Log = scene.log) =>
  scene.run(replayChangelogs(log, [{ changelog: changelog(), from, to, store }]));

describe("replaying", () => {
  test.for([
    [0, 3, ["a=1@10", "b=2@11", "a=gone@12"]],
    [1, 3, ["b=2@11", "a=gone@12"]],
    [0, 2, ["a=1@10", "b=2@11"]],
    [3, 3, []],
    [0, 4, ["a=1@10", "b=2@11", "a=gone@12"]],
  ] as const)("[%i, %i) applies exactly what lies in it", async ([from, to, expected]) => {
    await scene.write(topic, 0, three);
    const store = new Rows();
    expect(await replay(from, to, store)).toBe(expected.length);
    expect(store.seen).toEqual(expected);
  });

  test("goes by position past aborted records and markers, and stops there with more behind", async () => {
    const transactor = await scene.transactor("aborter");
    transactor.begin();
    await transactor.send([{ topic, partition: 0, records: batchOf([{ key: "x", value: "never" }]) }]);
    await transactor.abort();
    await scene.write(topic, 0, three);
    await scene.write(topic, 0, [{ key: "later", value: "no" }]);
    const store = new Rows();
    expect(await replay(0, 5, store)).toBe(3);
    expect(store.seen.map((row) => row[0])).toEqual(["a", "b", "a"]);
  });

  test("of several partitions is one fetch at a time for all of them", async () => {
    await scene.write(topic, 0, three);
    await scene.write(topic, 1, three);
    let fetches = 0;
    const log = counting(scene.log, () => fetches++);
    const stores = [new Rows(), new Rows()] as const;
    const ranges = stores.map((store, partition) => ({ changelog: changelog(partition), from: 0, to: 3, store }));
    expect(await scene.run(replayChangelogs(log, ranges))).toBe(6);
    expect([fetches, stores.map(({ seen }) => seen.length)]).toEqual([1, [3, 3]]);
  });

  test("of nothing asks nothing", async () => {
    const log = counting(scene.log, () => expect.fail("nothing was to be fetched"));
    expect(await replayChangelogs(log, [])).toBe(0);
  });

  test("a log that starts above the snapshot is a typed stop", async () => {
    await scene.write(topic, 0, three);
    const offsets: Log["offsets"] = (partitions, at) =>
      at === "earliest" ? Promise.resolve(new Map([[changelog().key, 2]])) : scene.log.offsets(partitions, at);
    await expect(replay(1, 3, new Rows(), overriding(scene.log, { offsets }))).rejects.toMatchObject({
      code: "CHANGELOG_GAP",
      details: { topic, partition: 0, from: 1, start: 2 },
    });
  });

  test("a log that ends below the position is a typed stop", async () => {
    await scene.write(topic, 0, three);
    await expect(replay(0, 9, new Rows())).rejects.toMatchObject({
      code: "CHANGELOG_TRUNCATED",
      details: { topic, partition: 0, end: 4, expected: 9 },
    });
  });

  test("a record without a key is not ours", async () => {
    await scene.write(topic, 0, [{ key: null, value: "foreign" }]);
    await expect(replay(0, 1, new Rows())).rejects.toMatchObject({ code: "INVARIANT_BROKEN" });
  });

  test.for([
    ["OFFSET_OUT_OF_RANGE", "CHANGELOG_GAP"],
    ["TOPIC_AUTHORIZATION_FAILED", "ACCESS_DENIED"],
    ["CORRUPT_MESSAGE", "CORRUPT_BATCH"],
    ["NOT_LEADER_OR_FOLLOWER", "LOG_UNAVAILABLE"],
  ] as const)("a partition that answers %s is %s", async ([kafkaError, code]) => {
    await scene.write(topic, 0, three);
    const log = answering(scene.log, { kind: "error", error: new LogError(kafkaError, "no") });
    await expect(replay(0, 3, new Rows(), log)).rejects.toMatchObject({ code });
  });

  test("a log that never brings anything on ends as unavailable", async () => {
    await scene.write(topic, 0, three);
    const log = answering(scene.log, undefined);
    await expect(replay(0, 3, new Rows(), log)).rejects.toMatchObject({ code: "LOG_UNAVAILABLE" });
  });
});

describe("what lies beyond the position", () => {
  const check = async (...ends: readonly [partition: number, end: number][]) => {
    const logEnds = await scene.run(
      scene.log.offsets(
        ends.map(([partition]) => ({ topic, partition })),
        "lso",
      ),
    );
    const of = ([partition, end]: readonly [number, number]) => {
      const { key } = changelog(partition);
      return { changelog: changelog(partition), end, logEnd: logEnds.get(key) ?? 0 };
    };
    return scene.run(assertNothingBeyond(scene.log, ends.map(of)));
  };

  test("may be markers and aborted records", async () => {
    await scene.write(topic, 0, three);
    const transactor = await scene.transactor("aborter");
    transactor.begin();
    await transactor.send([{ topic, partition: 0, records: batchOf([{ key: "x", value: "never" }]) }]);
    await transactor.abort();
    await expect(check([0, 3], [1, 0])).resolves.toBeUndefined();
  });

  test("may be an open transaction of a neighbour", async () => {
    await scene.write(topic, 0, three);
    const transactor = await scene.transactor("neighbour");
    transactor.begin();
    await transactor.send([{ topic, partition: 0, records: batchOf([{ key: "x", value: "open" }]) }]);
    await expect(check([0, 3])).resolves.toBeUndefined();
  });

  test("must not be a committed record, in any partition", async () => {
    await scene.write(topic, 1, three);
    await expect(check([0, 0], [1, 2])).rejects.toMatchObject({
      code: "CHANGELOG_BEYOND_POSITION",
      details: { topic, partition: 1, offset: 2, end: 2 },
    });
  });

  test("of no changelog is nothing", async () => {
    await expect(check()).resolves.toBeUndefined();
  });
});

function counting(log: Log, onFetch: () => void): Log {
  const fetch = (request: FetchRequest) => {
    onFetch();
    return log.fetch(request);
  };
  return overriding(log, { fetch });
}

function answering(log: Log, answer: FetchedPartition | undefined): Log {
  const answers = new Map(answer === undefined ? [] : [[changelog().key, answer] as const]);
  return overriding(log, { fetch: async () => answers });
}
