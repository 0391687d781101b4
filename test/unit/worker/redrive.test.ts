import { beforeEach, describe, expect, test } from "vitest";
import { readPartition } from "../../../lib/application/read-partition.ts";
import { deadLetter, defineApp, string } from "../../../lib/index.ts";
import { LogError } from "../../../lib/ports/log.ts";
import type { Header } from "../../../lib/records/reader.ts";
import { deadLetterHeaders } from "../../../lib/task/dead-letter.ts";
import { redrive } from "../../../lib/worker/redrive.ts";
import { batchOf } from "../../support/batches.ts";
import { overriding } from "../../support/overriding.ts";
import { PinScene } from "../../support/pin-scene.ts";

const app = defineApp({ id: "app", processingExceptionHandler: deadLetter("dead") }, (builder) => {
  builder.stream("in", { key: string(), value: string() }).to("out");
});

let scene: PinScene;

beforeEach(async () => {
  scene = await PinScene.open({ app, partitions: 2 });
});

/** A dead letter as a task would write it. */
function dead(key: string, value: string, from: { topic?: string; partition: number; offset: number }) {
  const place = {
    topic: "in",
    node: "n",
    timestampMs: 0,
    phase: "processing",
    exception: new Error("no"),
    ...from,
  } as const;
  const own = [{ key: "trace", value: Buffer.from(value) }];
  return { key, value, timestampMs: 40 + from.offset, headers: deadLetterHeaders(own, place) };
}

async function contents(topic: string, partition: number) {
  const found: { key: string; value: string; timestampMs: number; headers: readonly Header[] }[] = [];
  await scene.run(() =>
    readPartition(scene.log, { topic, partition }, (record) => {
      const { bytes } = record;
      const key = bytes.toString("utf8", record.keyStart, record.keyStart + record.keyLength);
      const value = bytes.toString("utf8", record.valueStart, record.valueStart + record.valueLength);
      found.push({ key, value, timestampMs: record.timestampMs, headers: record.headers() });
    }),
  );
  return found;
}

const valuesIn = async (partition: number) => (await contents("in", partition)).map(({ value }) => value);
const run = (options: { limit?: number; dryRun?: boolean } = {}) =>
  scene.run(redrive(app, scene.log, { topic: "dead", ...options }));

describe("dead letters", () => {
  test("go back to the partitions they came from, in order, as they were", async () => {
    await scene.write("dead", 0, [
      dead("a", "1", { partition: 1, offset: 5 }),
      dead("b", "2", { partition: 0, offset: 6 }),
    ]);
    await scene.write("dead", 0, [dead("a", "3", { partition: 1, offset: 7 })]);
    expect(await run()).toEqual({ redriven: { in: 3 }, foreign: 0 });
    expect(await contents("in", 1)).toEqual([
      { key: "a", value: "1", timestampMs: 45, headers: [{ key: "trace", value: Buffer.from("1") }] },
      { key: "a", value: "3", timestampMs: 47, headers: [{ key: "trace", value: Buffer.from("3") }] },
    ]);
    expect(await valuesIn(0)).toEqual(["2"]);
  });

  test("that the log refuses leave no transaction open, and go back with the next call", async () => {
    await scene.write("dead", 0, [dead("a", "1", { partition: 0, offset: 1 })]);
    const refusing = overriding(scene.log, {
      transactor: async (options) =>
        overriding(await scene.log.transactor(options), {
          sendOffsets: () => Promise.reject(new LogError("GROUP_AUTHORIZATION_FAILED", "app-redrive may not be read")),
        }),
    });
    const failed = redrive(app, refusing, { topic: "dead" });
    await expect(scene.run(failed)).rejects.toMatchObject({ name: "StreamError", code: "ACCESS_DENIED" });
    const at = (where: "lso" | "hw") => scene.run(scene.log.offsets([{ topic: "in", partition: 0 }], where));
    expect(await at("lso")).toEqual(await at("hw"));
    expect(await valuesIn(0)).toEqual([]);

    expect(await run()).toEqual({ redriven: { in: 1 }, foreign: 0 });
    expect(await valuesIn(0)).toEqual(["1"]);
  });

  test("go back once, however often they are asked for", async () => {
    await scene.write("dead", 1, [dead("a", "1", { partition: 0, offset: 1 })]);
    expect(await run()).toEqual({ redriven: { in: 1 }, foreign: 0 });
    await scene.write("dead", 1, [dead("a", "2", { partition: 0, offset: 2 })]);
    expect(await run()).toEqual({ redriven: { in: 1 }, foreign: 0 });
    expect(await run()).toEqual({ redriven: {}, foreign: 0 });
    expect(await valuesIn(0)).toEqual(["1", "2"]);
  });

  test("are counted, and stay, in a dry run", async () => {
    await scene.write("dead", 0, [dead("a", "1", { partition: 0, offset: 1 })]);
    expect(await run({ dryRun: true })).toEqual({ redriven: { in: 1 }, foreign: 0 });
    expect(await valuesIn(0)).toEqual([]);
    expect(await run()).toEqual({ redriven: { in: 1 }, foreign: 0 });
  });

  test("go back up to a limit, and the next call goes on behind it", async () => {
    const letters = ["1", "2", "3"].map((value, offset) => dead("a", value, { partition: 0, offset }));
    await scene.write("dead", 0, letters);
    expect(await run({ limit: 2 })).toEqual({ redriven: { in: 2 }, foreign: 0 });
    expect(await valuesIn(0)).toEqual(["1", "2"]);
    expect(await run({ limit: 2 })).toEqual({ redriven: { in: 1 }, foreign: 0 });
    expect(await valuesIn(0)).toEqual(["1", "2", "3"]);
  });

  test("of others are passed over", async () => {
    await scene.write("dead", 0, [
      dead("a", "1", { topic: "elsewhere", partition: 0, offset: 1 }),
      dead("a", "2", { partition: 9, offset: 2 }),
      dead("a", "3", { topic: "dead", partition: 0, offset: 3 }),
      { key: "a", value: "4" },
      dead("a", "5", { partition: 0, offset: 5 }),
    ]);
    expect(await run()).toEqual({ redriven: { in: 1 }, foreign: 4 });
    expect(await valuesIn(0)).toEqual(["5"]);
  });

  test("more than one transaction holds all go back in order", async () => {
    const letters = Array.from({ length: 1_203 }, (_, offset) => dead("a", String(offset), { partition: 1, offset }));
    for (let from = 0; from < letters.length; from += 401)
      await scene.write("dead", 0, letters.slice(from, from + 401));
    expect(await run()).toEqual({ redriven: { in: 1_203 }, foreign: 0 });
    expect(await valuesIn(1)).toEqual(letters.map(({ value }) => value));
  });
});

describe("a run that dies", () => {
  test("half-way leaves nothing that is there twice", async () => {
    await scene.write("dead", 0, [dead("a", "1", { partition: 0, offset: 1 })]);
    const dying = await scene.transactor("app-redrive");
    dying.begin();
    await scene.run(dying.send([{ topic: "in", partition: 0, records: batchOf([{ key: "a", value: "1" }]) }]));
    expect(await run()).toEqual({ redriven: { in: 1 }, foreign: 0 });
    await expect(scene.run(dying.commit())).rejects.toMatchObject({
      kafkaError: expect.stringMatching(/FENCED|EPOCH/),
    });
    expect(await valuesIn(0)).toEqual(["1"]);
  });
});

test("a topic that no handler writes to is refused, with those that there are", async () => {
  await expect(redrive(app, scene.log, { topic: "out" })).rejects.toMatchObject({
    code: "REQUEST_REJECTED",
    message: expect.stringContaining("those are dead"),
  });
  const plain = { id: "app", topology: app.topology };
  await expect(redrive(plain, scene.log, { topic: "dead" })).rejects.toThrow("it has none");
});

test("what a pattern stands for is among the topics that records go back to", async () => {
  const patterned = defineApp({ id: "app", processingExceptionHandler: deadLetter("dead") }, (builder) => {
    builder.stream(/i./, { key: string(), value: string() }).to("out");
  });
  await scene.write("dead", 0, [dead("a", "1", { partition: 1, offset: 5 })]);
  expect(await scene.run(redrive(patterned, scene.log, { topic: "dead" }))).toEqual({
    redriven: { in: 1 },
    foreign: 0,
  });
});
