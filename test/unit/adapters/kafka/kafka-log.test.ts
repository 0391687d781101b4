import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createKafkaLog } from "../../../../lib/adapters/kafka/kafka-log.ts";
import type { WireWriter } from "../../../../lib/adapters/kafka/wire/writer.ts";
import { kafkaErrorCodes } from "../../../../lib/core/kafka-errors.ts";
import { ScriptedBroker } from "./scripted-broker.ts";
import { batch, failure, openTransactor, scriptedCluster } from "./scripted-log.ts";
import { handshakeAnswer, offsetsAnswer, reset, signInAnswer, silence } from "./scripts.ts";

describe("createKafkaLog", () => {
  test("names the addresses when nobody listens there", async () => {
    const error = await failure(createKafkaLog({ brokers: ["127.0.0.1:1", "127.0.0.1:2"] }));
    expect(error).toMatchObject({
      code: "BROKER_UNREACHABLE",
      details: { brokers: ["127.0.0.1:1", "127.0.0.1:2"] },
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("gives up on a server that accepts and says nothing", async () => {
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void mute.close());
    const { port } = mute.address() as { port: number };
    const error = await failure(createKafkaLog({ brokers: [`127.0.0.1:${port}`], connectTimeoutMs: 100 }));
    expect(error).toMatchObject({ code: "BROKER_UNREACHABLE" });
  });

  test("takes the next address when the first one is dead", async () => {
    const [broker] = (await ScriptedBroker.cluster(1, {})) as [ScriptedBroker];
    onTestFinished(() => broker.stop());
    const log = await createKafkaLog({ brokers: ["127.0.0.1:1", broker.address] });
    await log.close();
    expect(broker.asked("Metadata")).toHaveLength(1);
  });

  test("says which version a broker lacks", async () => {
    const [broker] = (await ScriptedBroker.cluster(1, {})) as [ScriptedBroker];
    onTestFinished(() => broker.stop());
    broker.maxVersion = 5;
    expect(await failure(createKafkaLog({ brokers: [broker.address] }))).toMatchObject({
      code: "UNSUPPORTED_BROKER",
      details: { request: "Metadata", needed: 10 },
    });
  });

  test.for([["no-port"], [""], ["host:notaport"]])("refuses the address %j", async ([address]) => {
    expect(await failure(createKafkaLog({ brokers: [address as string] }))).toMatchObject({ code: "CONFIG_INVALID" });
  });

  test("refuses an empty list of brokers", async () => {
    expect(await failure(createKafkaLog({ brokers: [] }))).toMatchObject({ code: "CONFIG_INVALID" });
  });
});

describe("looking at topics", () => {
  test("calls that come while one is under way share the next", async () => {
    const names = Array.from({ length: 12 }, (_, number) => `t${number}`);
    const { log, first } = await scriptedCluster(Object.fromEntries(names.map((name) => [name, [1]])));
    const before = first.asked("Metadata").length;
    const found = await Promise.all(names.map((name) => log.describe([name])));
    expect(found.map((topics, number) => topics.has(names[number] as string))).not.toContain(false);
    expect(first.asked("Metadata").length - before).toBe(2);
  });

  test("a call whose deadline passes does not wait for the one before it", async () => {
    const { log, first } = await scriptedCluster({ t: [1], u: [1] }, { callTimeoutMs: 200, requestTimeoutMs: 10_000 });
    first.next("Metadata", silence);
    const [one, other] = await Promise.all([failure(log.describe(["t"])), failure(log.describe(["u"]))]);
    expect([one, other]).toMatchObject([{ code: "LOG_UNAVAILABLE" }, { code: "LOG_UNAVAILABLE" }]);
    expect((await log.describe(["u"])).has("u")).toBe(true);
  });
});

describe("sizes that topics take", () => {
  test("are asked for when topics are described, so that the first batches do not wait for them", async () => {
    const { log, first } = await scriptedCluster({ t: [1], u: [1] });
    await log.describe(["t", "u"]);
    const transactor = await openTransactor(log);
    expect(first.asked("DescribeConfigs")).toHaveLength(1);
    await transactor.send([
      { topic: "t", partition: 0, records: batch("a") },
      { topic: "u", partition: 0, records: batch("b") },
    ]);
    await transactor.commit();
    expect(first.asked("DescribeConfigs")).toHaveLength(1);
  });
});

describe("asking for offsets", () => {
  test("calls of one kind that come while one is under way share the next, and each has its own partitions", async () => {
    const partitions = Array.from({ length: 12 }, () => 1);
    const { log, first } = await scriptedCluster({ t: partitions });
    first.always("ListOffsets", offsetsAnswer("NONE", 42));
    const before = first.asked("ListOffsets").length;
    const found = await Promise.all(partitions.map((_, partition) => log.offsets([{ topic: "t", partition }], "lso")));
    expect(found.map((offsets) => [...offsets])).toEqual(partitions.map((_, partition) => [[`t:${partition}`, 42]]));
    expect(first.asked("ListOffsets").length - before).toBe(2);
  });

  test("calls of other kinds do not wait for it", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    first.always("ListOffsets", offsetsAnswer("NONE", 42));
    const partitions = [{ topic: "t", partition: 0 }];
    await Promise.all([
      log.offsets(partitions, "lso"),
      log.offsets(partitions, "hw"),
      log.offsets(partitions, "earliest"),
    ]);
    expect(first.asked("ListOffsets")).toHaveLength(3);
  });

  test("a call whose deadline passes does not wait for the one before it", async () => {
    const { log, first } = await scriptedCluster({ t: [1, 1] }, { callTimeoutMs: 200, requestTimeoutMs: 10_000 });
    first.always("ListOffsets", silence);
    const ask = (partition: number) => log.offsets([{ topic: "t", partition }], "lso");
    const [one, other] = await Promise.all([failure(ask(0)), failure(ask(1))]);
    first.always("ListOffsets", offsetsAnswer("NONE", 42));
    expect([one, other]).toMatchObject([{ code: "LOG_UNAVAILABLE" }, { code: "LOG_UNAVAILABLE" }]);
    expect([...(await ask(1)).values()]).toEqual([42]);
  });

  test("one that fails fails alone: the next is asked all the same", async () => {
    const { log, first } = await scriptedCluster({ t: [1, 1] });
    first.next("ListOffsets", offsetsAnswer("TOPIC_AUTHORIZATION_FAILED"));
    first.always("ListOffsets", offsetsAnswer("NONE", 42));
    const ask = (partition: number) => log.offsets([{ topic: "t", partition }], "lso");
    const [refused, found] = await Promise.all([failure(ask(0)), ask(1)]);
    expect(refused).toMatchObject({ code: "ACCESS_DENIED" });
    expect([...found.values()]).toEqual([42]);
  });
});

describe("signing in with a password", () => {
  /** A broker that answers the sign-in of the first connection, and resets what asks for offsets on it. */
  async function signedIn() {
    const [broker] = (await ScriptedBroker.cluster(1, { t: [1] })) as [ScriptedBroker];
    onTestFinished(() => broker.stop());
    broker.always("SaslHandshake", handshakeAnswer);
    broker.always("SaslAuthenticate", signInAnswer(null));
    broker.next("ListOffsets", reset);
    broker.always("ListOffsets", offsetsAnswer("NONE", 42));
    const sasl = { mechanism: "plain", username: "anna", password: "secret" } as const;
    const log = await createKafkaLog({ brokers: [broker.address], sasl });
    onTestFinished(() => log.close());
    return { broker, asked: () => log.offsets([{ topic: "t", partition: 0 }], "lso") };
  }

  test("a connection that is lost meanwhile is made again: nobody refused anything", async () => {
    const { broker, asked } = await signedIn();
    broker.next("SaslAuthenticate", reset);
    expect((await asked()).get("t:0")).toBe(42);
  });

  test("a refusal is told with the broker's reason", async () => {
    const { broker, asked } = await signedIn();
    broker.always("SaslAuthenticate", signInAnswer("Closed connection of anna: no such user"));
    expect(await failure(asked())).toMatchObject({
      code: "AUTHENTICATION_FAILED",
      message: expect.stringContaining("no such user"),
    });
  });
});

describe("throttling", () => {
  test("the first request on a new connection waits as long as the broker asked", async () => {
    const [broker] = (await ScriptedBroker.cluster(1, {})) as [ScriptedBroker];
    onTestFinished(() => broker.stop());
    broker.throttleMs = 120;
    const log = await createKafkaLog({ brokers: [broker.address], requestTimeoutMs: 1_000, callTimeoutMs: 2_000 });
    await log.close();
    const [versions, metadata] = broker.arrived;
    expect((metadata?.atMs ?? 0) - (versions?.atMs ?? 0)).toBeGreaterThanOrEqual(119);
  });

  test("the next request on the connection waits as long as the broker asked", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    await openTransactor(log);
    first.next("InitProducerId", () => (out) => out.int32(120).int16(0).int64(1).int16(1));
    await openTransactor(log);
    await openTransactor(log);
    await openTransactor(log); // transactors take turns on the sockets: one of the two is the throttled one
    const asked = first.asked("InitProducerId");
    const throttled = asked[1];
    const onSameSocket = asked.slice(2).find((request) => request.connection === throttled?.connection);
    expect((onSameSocket?.atMs ?? 0) - (throttled?.atMs ?? 0)).toBeGreaterThanOrEqual(119);
  });
});

describe("offsets", () => {
  test("a moved leader is found", async () => {
    const { log, first, second } = await scriptedCluster({ t: [1] }, { brokerCount: 2 });
    first.next("ListOffsets", (request, arrived) => {
      first.cluster.topics = { t: [2] };
      return offsetsAnswer("NOT_LEADER_OR_FOLLOWER")(request, arrived);
    });
    second.always("ListOffsets", offsetsAnswer("NONE", 42));
    expect((await log.offsets([{ topic: "t", partition: 0 }], "lso")).get("t:0")).toBe(42);
  });

  test("a partition without a leader until the end of patience is an unavailable log", async () => {
    const { log } = await scriptedCluster({ t: [-1] }, { callTimeoutMs: 200 });
    expect(await failure(log.offsets([{ topic: "t", partition: 0 }], "hw"))).toMatchObject({
      code: "LOG_UNAVAILABLE",
      details: { topic: "t", partition: 0 },
    });
  });

  test("lost connections are made again", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    first.next("ListOffsets", reset);
    first.next("ListOffsets", reset);
    first.always("ListOffsets", offsetsAnswer("NONE"));
    expect((await log.offsets([{ topic: "t", partition: 0 }], "earliest")).get("t:0")).toBe(7);
  });

  test("a request that waits at a broker which leaves the cluster goes to the next leader", async () => {
    const { log, first, second } = await scriptedCluster({ t: [2] }, { brokerCount: 2 });
    first.always("ListOffsets", offsetsAnswer("NONE", 42));
    second.always("ListOffsets", silence);
    const asking = log.offsets([{ topic: "t", partition: 0 }], "lso");
    while (second.asked("ListOffsets").length === 0) await new Promise(setImmediate);
    first.cluster.brokers = [first];
    first.cluster.topics = { t: [1] };
    await log.describe(["t"]);
    expect((await asking).get("t:0")).toBe(42);
  });

  test("a topic that this user may not see is named", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    first.always("ListOffsets", offsetsAnswer("TOPIC_AUTHORIZATION_FAILED"));
    expect(await failure(log.offsets([{ topic: "t", partition: 0 }], "earliest"))).toMatchObject({
      code: "ACCESS_DENIED",
      details: { topic: "t" },
    });
  });
});

describe("createTopics", () => {
  test.for([
    ["INVALID_REPLICATION_FACTOR", "CONFIG_INVALID"],
    ["POLICY_VIOLATION", "CONFIG_INVALID"],
    ["UNKNOWN_SERVER_ERROR", "LOG_UNAVAILABLE"],
  ] as const)("%s is %s, with what the broker said", async ([kafkaError, code]) => {
    const { log, first } = await scriptedCluster({});
    first.always("CreateTopics", () => (out) => {
      const reason = "one broker cannot hold three replicas";
      out.int32(0).array(["t"], (name) => out.string(name).int16(kafkaErrorCodes[kafkaError]).nullableString(reason));
    });
    const spec = { name: "t", partitions: 1, replicas: 3, configs: {} };
    expect(await failure(log.createTopics([spec]))).toMatchObject({
      code,
      message: expect.stringContaining("CreateTopics for t was answered"),
      details: { topic: "t", kafkaError },
    });
    expect(String(await failure(log.createTopics([spec])))).toContain("one broker cannot hold three replicas");
  });
});

describe("committed", () => {
  test("waits for offsets of an unfinished transaction", async () => {
    const { log, first } = await scriptedCluster({ t: [1] });
    const answer = (code: number, offset: number) => () => (out: WireWriter) => {
      out.int32(0);
      out.compactArray(["t"], (topic) => {
        out.compactString(topic);
        out.compactArray([0], (partition) => out.int32(partition).int64(offset).int32(-1).int8(0).int16(code).noTags());
        out.noTags();
      });
      out.int16(0).noTags();
    };
    first.next("OffsetFetch", answer(88, -1));
    first.next("OffsetFetch", answer(88, -1));
    first.always("OffsetFetch", answer(0, 33));
    expect((await log.committed("g", [{ topic: "t", partition: 0 }])).get("t:0")).toBe(33);
    expect(first.asked("OffsetFetch")).toHaveLength(3);
  });
});

describe("close", () => {
  test("later calls fail at once", async () => {
    const { log } = await scriptedCluster({ t: [1] });
    await log.close();
    expect(await failure(log.offsets([{ topic: "t", partition: 0 }], "hw"))).toMatchObject({ code: "LOG_UNAVAILABLE" });
    expect(await failure(openTransactor(log))).toMatchObject({ kafkaError: "NETWORK_EXCEPTION" });
  });
});
