/** What goes wrong in a user's first week: one clear typed error each, through the entrances that a user has. */
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { createKafkaLog } from "../../lib/adapters/kafka/kafka-log.ts";
import { systemClock } from "../../lib/adapters/system/clock.ts";
import { prepareApplication } from "../../lib/application/prepare.ts";
import { parseSettings } from "../../lib/config/settings.ts";
import { startConsole } from "../../lib/console/server.ts";
import { StreamError } from "../../lib/core/errors.ts";
import type { App } from "../../lib/dsl/app.ts";
import { defineApp, int64, string } from "../../lib/index.ts";
import type { Log } from "../../lib/ports/log.ts";
import { RecordWriter } from "../../lib/records/writer.ts";
import { embeddedPlatform } from "../../lib/testing/embedded-platform.ts";
import { runWorker } from "../../lib/worker/run-worker.ts";

const counting = (store: string, input = "in"): App =>
  defineApp({ id: "errors" }, (builder) => {
    builder.stream(input, { key: string(), value: int64() }).groupByKey().count({ store }).toStream().to("out");
  });

async function createTopics(log: Log, topics: Readonly<Record<string, number>>): Promise<void> {
  await log.createTopics(
    Object.entries(topics).map(([name, partitions]) => ({ name, partitions, replicas: 1, configs: {} })),
  );
}

async function errorOf(work: Promise<unknown>): Promise<StreamError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StreamError);
  return error as StreamError;
}

describe("a deploy is refused", () => {
  test("when topics are missing, and all of them are named", async () => {
    const app = counting("counts");
    const error = await errorOf(prepareApplication(app, embeddedPlatform({ app }), "deploy"));
    expect(error).toMatchObject({ code: "TOPIC_MISSING", advice: "fix-and-redeploy" });
    expect(error.message).toContain("in, out");
  });

  test("when a topic's partition count changed under its state", async () => {
    const app = counting("counts");
    const platform = embeddedPlatform({ app });
    await createTopics(platform.log, { in: 4, out: 1 });
    await prepareApplication(app, platform, "deploy");
    platform.broker.deleteTopic("in");
    await createTopics(platform.log, { in: 6 });
    const error = await errorOf(prepareApplication(app, platform, "deploy"));
    expect(error).toMatchObject({ code: "PARTITIONS_CHANGED", advice: "migrate", details: { topic: "in" } });
    expect(error.message).toMatch(/has 6 partitions.*created with 4/);
  });

  test("when a store moved to another sub-topology, and the store is named", async () => {
    const platform = embeddedPlatform({ app: counting("counts") });
    await createTopics(platform.log, { in: 2, other: 2, out: 1 });
    await prepareApplication(counting("counts"), platform, "deploy");
    const error = await errorOf(prepareApplication(counting("counts", "other"), platform, "deploy"));
    expect(error).toMatchObject({ code: "TOPOLOGY_INCOMPATIBLE", advice: "migrate", details: { store: "counts" } });
    expect(error.message).toContain("store counts moved");
  });

  test("when sources of one aggregation are not co-partitioned, and both counts are named", async () => {
    const app = defineApp({ id: "errors" }, (builder) => {
      const left = builder.stream("left", { key: string(), value: int64() });
      const right = builder.stream("right", { key: string(), value: int64() });
      left.merge(right).groupByKey().count({ store: "counts" }).toStream().to("out");
    });
    const platform = embeddedPlatform({ app });
    await createTopics(platform.log, { left: 2, right: 3, out: 1 });
    const error = await errorOf(prepareApplication(app, platform, "deploy"));
    expect(error).toMatchObject({ code: "NOT_COPARTITIONED", advice: "fix-and-redeploy" });
    expect(error.message).toMatch(/left.*2.*right.*3/s);
  });
});

test("an undecodable record stops its pin with topic, partition and offset; the other pins go on", async () => {
  const app = counting("counts");
  const platform = embeddedPlatform({ app });
  await createTopics(platform.log, { in: 2, out: 1 });
  const plan = await prepareApplication(app, platform, "deploy");
  const transactor = await platform.log.transactor({
    transactionalId: "in",
    transactionTimeoutMs: 5_000,
    deadlineMs: 5_000,
  });
  transactor.begin();
  await transactor.send(
    [0, 1].map((partition) => {
      const records = new RecordWriter();
      // The application's timestamps come from the value, so that the value is read; the second of partition 1 is no int64.
      records.append(1, Buffer.from("a"), Buffer.alloc(8));
      records.append(2, Buffer.from("b"), partition === 1 ? Buffer.from("no int64").subarray(0, 3) : Buffer.alloc(8));
      return { topic: "in", partition, records };
    }),
  );
  await transactor.commit();
  const summing = defineApp({ id: "errors" }, (builder) => {
    builder
      .stream("in", { key: string(), value: int64() })
      .groupByKey()
      .aggregate(
        () => 0,
        (_key, value, sum) => sum + value,
        { store: "counts", value: int64() },
      )
      .toStream()
      .to("out");
  });
  await platform.leases.plan({ kind: "add-worker", worker: "w", assigned: plan.pins.map(({ pin }) => pin) });
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 1_000);
  const summary = await runWorker({
    app: summing,
    worker: "w",
    settings: parseSettings(),
    ports: platform,
    life: { remainingMs: () => undefined, stop: stop.signal },
  });
  expect(summary.errors.map(({ pin, error }) => [pin, error.code, error.details])).toEqual([
    [1, "DESERIALIZATION_FAILED", expect.objectContaining({ topic: "in", partition: 1, offset: 1, part: "value" })],
  ]);
  expect(summary.processed).toBeGreaterThanOrEqual(2);
});

test("an unreachable broker is named within seconds", async () => {
  const error = await errorOf(createKafkaLog({ brokers: ["127.0.0.1:1"] }).then((log) => log.describe(["in"])));
  expect(error).toMatchObject({ code: "BROKER_UNREACHABLE", advice: "retry" });
  expect(error.message).toContain("127.0.0.1:1");
});

test("a bad setting is named with what is allowed", () => {
  expect(() => parseSettings({ commit: { intervalMs: -5 } })).toThrow(/CONFIG_INVALID.*commit\.intervalMs.*-5/s);
});

test("a port in use is named with the way out", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as { port: number };
  const actions = {
    kill: async () => ({ kind: "gone" as const }),
    setLoad: () => undefined,
    lookUp: () => Promise.reject(new Error("not asked")),
  };
  const state = () => Promise.reject(new Error("not asked")) as never;
  const error = await errorOf(startConsole({ port, state, actions, clock: systemClock }));
  taken.close();
  expect(error).toMatchObject({ code: "PORT_IN_USE", advice: "fix-and-redeploy" });
  expect(error.message).toMatch(/--port/);
});
