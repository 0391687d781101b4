import { describe, expect, test } from "vitest";
import { WireReader } from "../../../../lib/adapters/kafka/wire/reader.ts";
import type { PartitionKey } from "../../../../lib/core/ids.ts";
import type { FetchedPartition, FetchRequest } from "../../../../lib/ports/log.ts";
import type { RecordReader } from "../../../../lib/records/reader.ts";
import { unstamped } from "../../records/plain.ts";
import type { Script } from "./scripted-broker.ts";
import { batch, failure, scriptedCluster } from "./scripted-log.ts";
import { fetchAnswer, fetchedPositions, held, reset } from "./scripts.ts";

function ask(positions: Record<string, number>, options: Partial<FetchRequest> = {}): FetchRequest {
  const map = new Map(Object.entries(positions) as [PartitionKey, number][]);
  return { positions: map, maxWaitMs: 0, maxBytes: 1_000_000, maxPartitionBytes: 1_000_000, ...options };
}

const data = (baseOffset: number, ...values: string[]) =>
  Buffer.from(batch(...values).finish({ ...unstamped, baseOffset }));

function summary(fetched: ReadonlyMap<string, FetchedPartition>): Record<string, unknown> {
  const cell = (part: FetchedPartition) => (part.kind === "error" ? part.error.kafkaError : part.next);
  return Object.fromEntries([...fetched].map(([key, part]) => [key, cell(part)]));
}

function readerOf(part: FetchedPartition): RecordReader {
  if (part.kind === "error") throw part.error;
  return part.records;
}

describe("fetch", () => {
  test("sends one request per leader", async () => {
    const { log, first, second } = await scriptedCluster({ t: [1, 2, 1] }, { brokerCount: 2 });
    first.always("Fetch", fetchAnswer({ "t:0": data(5, "a"), "t:2": data(9, "b") }));
    second.always("Fetch", fetchAnswer({ "t:1": data(7, "c") }));
    const positions = { "t:0": 5, "t:1": 7, "t:2": 9 };
    const seen = new Map<PartitionKey, FetchedPartition>();
    for (let i = 0; i < 3 && seen.size < 3; i++)
      for (const entry of await log.fetch(ask(positions))) seen.set(...entry);
    expect(summary(seen)).toEqual({ "t:0": 6, "t:1": 8, "t:2": 10 });
    expect(first.asked("Fetch")[0]?.version).toBe(11);
  });

  test("an answer's memory serves the next one when the records of all its partitions were read", async () => {
    const { log, first } = await scriptedCluster({ t: [1, 1] });
    const large = "x".repeat(100_000);
    first.always("Fetch", fetchAnswer({ "t:0": data(0, large), "t:1": data(0, large) }));
    const read = async () => [...(await log.fetch(ask({ "t:0": 0, "t:1": 0 }))).values()].map(readerOf);
    const [one, other] = await read();
    one?.release();
    one?.release();
    const [second] = await read();
    other?.release();
    const [third, last] = await read();
    expect(second?.bytes.buffer).not.toBe(one?.bytes.buffer);
    expect(third?.bytes.buffer).toBe(one?.bytes.buffer);
    expect(last?.advance()).toBe(true);
    expect(last?.bytes.toString("utf8", last.valueStart, last.valueStart + last.valueLength)).toBe(large);
  });

  test("one bad partition does not hide the good ones", async () => {
    const { log, first } = await scriptedCluster({ t: [1, 1, 1] });
    first.always(
      "Fetch",
      fetchAnswer({ "t:0": data(0, "a"), "t:1": "OFFSET_OUT_OF_RANGE", "t:2": "TOPIC_AUTHORIZATION_FAILED" }),
    );
    const fetched = await log.fetch(ask({ "t:0": 0, "t:1": 99, "t:2": 0, "gone:0": 0, "t:8": 0 }));
    expect(summary(fetched)).toEqual({
      "t:0": 1,
      "t:1": "OFFSET_OUT_OF_RANGE",
      "t:2": "TOPIC_AUTHORIZATION_FAILED",
      "gone:0": "UNKNOWN_TOPIC_OR_PARTITION",
      "t:8": "UNKNOWN_TOPIC_OR_PARTITION",
    });
  });

  test("follows a leader that moved within the same call", async () => {
    const { log, first, second } = await scriptedCluster({ t: [1] }, { brokerCount: 2 });
    first.next("Fetch", (request, arrived) => {
      first.cluster.topics = { t: [2] };
      return fetchAnswer({ "t:0": "NOT_LEADER_OR_FOLLOWER" })(request, arrived);
    });
    second.always("Fetch", fetchAnswer({ "t:0": data(0, "a") }));
    expect(summary(await log.fetch(ask({ "t:0": 0 })))).toEqual({ "t:0": 1 });
  });

  test("a topic that was read and is unknown for a moment, as to a broker that has just started, is looked for", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    first.always("Fetch", fetchAnswer({ "t:0": data(0, "a") }));
    await log.fetch(ask({ "t:0": 0 }));
    first.next("Fetch", (request, arrived) => {
      const { topics } = first.cluster;
      first.cluster.topics = {};
      setTimeout(() => {
        first.cluster.topics = topics;
      }, 100);
      return fetchAnswer({ "t:0": "NOT_LEADER_OR_FOLLOWER" })(request, arrived);
    });
    expect(summary(await log.fetch(ask({ "t:0": 0 })))).toEqual({ "t:0": 1 });
  });

  test("a topic that was read and is gone is told when it stays away", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    first.next("Fetch", fetchAnswer({ "t:0": data(0, "a") }));
    await log.fetch(ask({ "t:0": 0 }));
    first.cluster.topics = {};
    first.always("Fetch", fetchAnswer({ "t:0": "NOT_LEADER_OR_FOLLOWER" }));
    const startMs = performance.now();
    const told = async (): Promise<Record<string, unknown>> => {
      const seen = summary(await log.fetch(ask({ "t:0": 1 })));
      return "t:0" in seen ? seen : told();
    };
    expect(await told()).toEqual({ "t:0": "UNKNOWN_TOPIC_OR_PARTITION" });
    expect(performance.now() - startMs).toBeGreaterThan(1_900);
  });

  describe("of a client that names its rack", () => {
    /** A leader that names a follower, and how often each was asked, with which rack. */
    async function twoBrokers() {
      const cluster = await scriptedCluster({ t: [1] }, { brokerCount: 2, rack: "near" });
      const racks: string[] = [];
      cluster.first.always("Fetch", (request, arrived) => {
        const { rack } = fetchedPositions(request);
        racks.push(rack);
        const reply = rack === "near" ? { nearerBroker: 2 } : data(0, "from", "the", "leader");
        return fetchAnswer({ "t:0": reply })(new WireReader(arrived.body), arrived);
      });
      cluster.second.always("Fetch", fetchAnswer({ "t:0": data(0, "near") }));
      return { ...cluster, racks };
    }

    test("reads the follower that the leader names, and asks the leader no more", async () => {
      const { log, racks } = await twoBrokers();
      expect(summary(await log.fetch(ask({ "t:0": 0 })))).toEqual({ "t:0": 0 });
      for (let i = 0; i < 3; i++) expect(summary(await log.fetch(ask({ "t:0": 0 })))).toEqual({ "t:0": 1 });
      expect(racks).toEqual(["near"]);
    });

    test("reads the leader as long as it names a broker that joined since the last look", async () => {
      const { log, first, second, racks } = await twoBrokers();
      first.cluster.brokers = [first];
      await log.describe(["t"]);
      first.cluster.brokers = [first, second];
      const looks = first.asked("Metadata").length;
      expect(summary(await log.fetch(ask({ "t:0": 0 })))).toEqual({ "t:0": 0 });
      expect(summary(await log.fetch(ask({ "t:0": 0 })))).toEqual({ "t:0": 3 });
      expect(racks).toEqual(["near", ""]);
      while (first.asked("Metadata").length === looks) await new Promise(setImmediate);
    });

    test.for<readonly [string, Script]>([
      ["is behind", fetchAnswer({ "t:0": "OFFSET_OUT_OF_RANGE" })],
      ["is no replica any more", fetchAnswer({ "t:0": "NOT_LEADER_OR_FOLLOWER" })],
      ["has lost its disk", fetchAnswer({ "t:0": "KAFKA_STORAGE_ERROR" })],
      ["is gone", reset],
    ])("goes back to the leader, within the same call, when the follower %s", async ([, script]) => {
      const { log, second, racks } = await twoBrokers();
      await log.fetch(ask({ "t:0": 0 }));
      second.always("Fetch", script);
      expect(summary(await log.fetch(ask({ "t:0": 0 })))).toEqual({ "t:0": 3 });
      expect(summary(await log.fetch(ask({ "t:0": 0 })))).toEqual({ "t:0": 3 });
      expect(second.asked("Fetch")).toHaveLength(1);
      expect(racks).toEqual(["near", "", ""]);
    });

    test("believes the leader about an offset that is gone", async () => {
      const { log, first, second } = await twoBrokers();
      await log.fetch(ask({ "t:0": 0 }));
      for (const broker of [first, second]) broker.always("Fetch", fetchAnswer({ "t:0": "OFFSET_OUT_OF_RANGE" }));
      expect(summary(await log.fetch(ask({ "t:0": 0 })))).toEqual({ "t:0": "OFFSET_OUT_OF_RANGE" });
    });
  });

  test("asks again on a new connection after a lost one", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    first.next("Fetch", reset);
    first.always("Fetch", fetchAnswer({ "t:0": data(0, "a") }));
    expect(summary(await log.fetch(ask({ "t:0": 0 })))).toEqual({ "t:0": 1 });
  });

  test("reads a damaged batch again, once, before it tells", async () => {
    const { log, first } = await scriptedCluster({ t: [1, 1] });
    const damaged = data(0, "damaged");
    damaged.writeUInt8(damaged.readUInt8(70) ^ 1, 70);
    first.always("Fetch", fetchAnswer({ "t:0": damaged, "t:1": data(0, "good") }));
    expect(summary(await log.fetch(ask({ "t:0": 0, "t:1": 0 })))).toEqual({ "t:1": 1 });
    const again = await log.fetch(ask({ "t:0": 0, "t:1": 1 }));
    expect(again.get("t:0")).toMatchObject({
      error: { kafkaError: "CORRUPT_MESSAGE", cause: { code: "CORRUPT_BATCH" } },
    });
  });

  test("begins with another partition at each call, as brokers fill the limit in the order asked", async () => {
    const { log, first } = await scriptedCluster({ t: [1, 1, 1] });
    const orders: string[][] = [];
    first.always("Fetch", (request, arrived) => {
      orders.push(Object.keys(fetchedPositions(request).positions));
      return fetchAnswer({})(new WireReader(arrived.body), arrived);
    });
    for (let i = 0; i < 3; i++) await log.fetch(ask({ "t:0": 0, "t:1": 0, "t:2": 0 }));
    expect(orders.map((order) => order[0])).toEqual(["t:0", "t:1", "t:2"]);
  });

  test("records of one leader do not wait for another that is idle, whose poll serves the next call", async () => {
    const { log, first, second } = await scriptedCluster({ t: [1, 2] }, { brokerCount: 2 });
    const idle = held(fetchAnswer({ "t:1": data(0, "late") }));
    second.always("Fetch", idle.script);
    first.next("Fetch", fetchAnswer({ "t:0": data(0, "now") }));
    first.always("Fetch", held(fetchAnswer({})).script);
    expect(summary(await log.fetch(ask({ "t:0": 0, "t:1": 0 }, { maxWaitMs: 60_000 })))).toEqual({ "t:0": 1 });
    const waiting = log.fetch(ask({ "t:0": 1, "t:1": 0 }, { maxWaitMs: 60_000 }));
    idle.release();
    expect(summary(await waiting)).toEqual({ "t:1": 1 });
    expect(second.asked("Fetch")).toHaveLength(1);
  });

  test("two fetches that wait at the same time do not wait for each other", async () => {
    const { log, first } = await scriptedCluster({ t: [1, 1] });
    const waits = held(fetchAnswer({}));
    first.next("Fetch", waits.script);
    first.next("Fetch", fetchAnswer({ "t:1": data(0, "b") }));
    const blocked = log.fetch(ask({ "t:0": 0 }, { maxWaitMs: 60_000 }));
    while (first.asked("Fetch").length === 0) await new Promise(setImmediate);
    expect(summary(await log.fetch(ask({ "t:1": 0 })))).toEqual({ "t:1": 1 });
    waits.release();
    await blocked;
    const [one, two] = first.asked("Fetch");
    expect(one?.connection).not.toBe(two?.connection);
  });

  test("a fetch that waits fails when the log is closed", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    first.always("Fetch", held(fetchAnswer({})).script);
    const waiting = failure(log.fetch(ask({ "t:0": 0 }, { maxWaitMs: 60_000 })));
    while (first.asked("Fetch").length === 0) await new Promise(setImmediate);
    await log.close();
    expect(await waiting).toMatchObject({ code: "LOG_UNAVAILABLE" });
  });
});
