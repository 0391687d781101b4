import { describe, expect, test } from "vitest";
import { partitionKey } from "../../../lib/core/ids.ts";
import { batchOf, failureOf, type ReadRow, ROW_TIME_MS, type Row, type Scene, texts } from "./scene.ts";

const utf8 = (text: string) => Buffer.from(text);
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

/** Rows, and what of them must come back. */
const trips: readonly { readonly what: string; readonly row: Row; readonly read: Partial<ReadRow> }[] = [
  { what: "key and value", row: { key: "k", value: "v" }, read: { key: utf8("k"), value: utf8("v") } },
  { what: "a null key", row: { key: null, value: "v" }, read: { key: null, value: utf8("v") } },
  { what: "an empty key", row: { key: "", value: "v" }, read: { key: utf8(""), value: utf8("v") } },
  { what: "a null value", row: { key: "k", value: null }, read: { key: utf8("k"), value: null } },
  { what: "an empty value", row: { key: "k", value: "" }, read: { key: utf8("k"), value: utf8("") } },
  { what: "null key and value", row: { key: null, value: null }, read: { key: null, value: null } },
  { what: "every byte", row: { key: everyByte, value: everyByte }, read: { key: everyByte, value: everyByte } },
  { what: "unicode", row: { key: "Zürich", value: "価格 💶" }, read: { key: utf8("Zürich"), value: utf8("価格 💶") } },
  { what: "timestamp 0", row: { value: "v", timestampMs: 0 }, read: { timestampMs: 0 } },
  { what: "a negative timestamp", row: { value: "v", timestampMs: -86_400_000 }, read: { timestampMs: -86_400_000 } },
  {
    what: "headers, in order, with a repeated name and a null value",
    row: {
      value: "v",
      headers: [
        { key: "trace", value: utf8("1") },
        { key: "", value: utf8("") },
        { key: "trace", value: null },
        { key: "größe", value: utf8("ü") },
      ],
    },
    read: {
      headers: [
        { key: "trace", value: utf8("1") },
        { key: "", value: utf8("") },
        { key: "trace", value: null },
        { key: "größe", value: utf8("ü") },
      ],
    },
  },
];

/** What is written is what is read; and what `send` promises. */
export function roundTripCases(s: Scene): void {
  describe("round trips", () => {
    test.for(trips)("$what", async ({ row, read }) => {
      const topic = await s.topic();
      await s.write(topic, [row]);
      await s.settled(topic);
      const { rows } = await s.read(topic);
      expect(rows).toHaveLength(1);
      expect(rows[0]).toMatchObject({ offset: 0, ...read });
    });

    test("values of 900 KiB", async () => {
      const topic = await s.topic();
      const value = Buffer.alloc(900 * 1024, "x");
      await s.write(topic, [{ key: "large", value }]);
      await s.settled(topic);
      const { rows } = await s.read(topic);
      expect(rows[0]?.value?.equals(value)).toBe(true);
    });

    test("ten thousand records in one batch, at contiguous offsets, with times that go up and down", async () => {
      const topic = await s.topic();
      const sent = Array.from({ length: 10_000 }, (_, i) => ({
        key: `${i % 7}`,
        value: `${i}`,
        timestampMs: ROW_TIME_MS + ((i * 7_919) % 1_000),
      }));
      await s.write(topic, sent);
      await s.settled(topic);
      const { rows } = await s.read(topic);
      expect(rows.map(({ offset }) => offset)).toEqual(sent.map((_, i) => i));
      expect(texts(rows)).toEqual(sent.map(({ value }) => value));
      expect(rows.map(({ timestampMs }) => timestampMs)).toEqual(sent.map(({ timestampMs }) => timestampMs));
    });
  });

  describe("send", () => {
    test("answers the next offset of each partition", async () => {
      const topic = await s.topic({ partitions: 2 });
      await s.write(topic, ["before"], 1);
      await s.settled(topic, 1);
      const transactor = await s.transactor();
      transactor.begin();
      const next = await transactor.send([
        { topic, partition: 0, records: batchOf(["a", "b"]) },
        { topic, partition: 1, records: batchOf(["c"]) },
      ]);
      await transactor.commit();
      expect(next.get(partitionKey(topic, 0))).toBe(2);
      expect(next.get(partitionKey(topic, 1))).toBe(3);
    });

    test("keeps the order of several batches for one partition, and answers the offset after the last", async () => {
      const topic = await s.topic();
      const transactor = await s.transactor();
      transactor.begin();
      const batches = ["a", "b", "c"].map((value) => ({ topic, partition: 0, records: batchOf([value, `${value}2`]) }));
      const next = await transactor.send(batches);
      await transactor.commit();
      await s.settled(topic);
      expect(next.get(partitionKey(topic, 0))).toBe(6);
      expect(texts((await s.read(topic)).rows)).toEqual(["a", "a2", "b", "b2", "c", "c2"]);
    });

    test("keeps the order of several sends and several transactions", async () => {
      const topic = await s.topic();
      const transactor = await s.transactor();
      const sent: string[] = [];
      for (let transaction = 0; transaction < 4; transaction++) {
        transactor.begin();
        for (let part = 0; part < 3; part++) {
          sent.push(`${transaction}.${part}`);
          await s.send(transactor, topic, [`${transaction}.${part}`]);
        }
        await transactor.commit();
      }
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(sent);
    });

    test("may use the writer again as soon as it has answered", async () => {
      const topic = await s.topic();
      const transactor = await s.transactor();
      transactor.begin();
      const records = batchOf(["first"]);
      await transactor.send([{ topic, partition: 0, records }]);
      records.reset();
      records.append(ROW_TIME_MS, null, Buffer.from("second"));
      await transactor.send([{ topic, partition: 0, records }]);
      await transactor.commit();
      await s.settled(topic);
      expect(texts((await s.read(topic)).rows)).toEqual(["first", "second"]);
    });

    test("of nothing answers nothing", async () => {
      const transactor = await s.transactor();
      transactor.begin();
      expect((await transactor.send([])).size).toBe(0);
      await transactor.commit();
    });

    test("refuses a batch over the topic's limit before anything is sent", async () => {
      const topic = await s.topic({ configs: { "max.message.bytes": "2000" } });
      const transactor = await s.transactor();
      transactor.begin();
      const large = { topic, partition: 0, records: batchOf([{ value: Buffer.alloc(2_000) }]) };
      const error = await failureOf(transactor.send([{ topic, partition: 0, records: batchOf(["small"]) }, large]));
      expect(error).toMatchObject({ name: "StreamError", code: "RECORD_TOO_LARGE", details: { topic } });
      await transactor.abort();
      expect(await s.offset(topic, "hw")).toBe(0);
    });

    test("takes a batch of exactly the topic's limit", async () => {
      const topic = await s.topic({ configs: { "max.message.bytes": "2000" } });
      const overheadBytes = batchOf([{ value: Buffer.alloc(1_000) }]).byteLength - 1_000;
      await s.write(topic, [{ value: Buffer.alloc(2_000 - overheadBytes) }]);
      await s.settled(topic);
      expect((await s.read(topic)).rows).toHaveLength(1);
    });

    test("to a missing topic fails, and the transaction can be aborted", async () => {
      const transactor = await s.transactor();
      transactor.begin();
      const records = batchOf(["lost"]);
      const error = await failureOf(transactor.send([{ topic: s.name("missing"), partition: 0, records }]));
      expect(error).toSatisfy(isMissingTopic);
      await transactor.abort();
    });
  });
}

function isMissingTopic(error: unknown): boolean {
  const { kafkaError, code } = error as { kafkaError?: string; code?: string };
  return kafkaError === "UNKNOWN_TOPIC_OR_PARTITION" || code === "TOPIC_MISSING";
}
