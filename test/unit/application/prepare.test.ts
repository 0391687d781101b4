import { beforeEach, describe, expect, test } from "vitest";
import { createMemoryLeaseTable } from "../../../lib/adapters/memory/lease-table.ts";
import { createMemoryBroker } from "../../../lib/adapters/memory/log/broker.ts";
import { decodeAppManifest } from "../../../lib/application/manifest.ts";
import { APP_MANIFEST_DOCUMENT, type PrepareMode, prepareApplication } from "../../../lib/application/prepare.ts";
import { type App, defineApp, int64, string } from "../../../lib/index.ts";
import type { LeaseTable } from "../../../lib/ports/lease-table.ts";
import type { Log } from "../../../lib/ports/log.ts";
import { deadLetter, failAlways } from "../../../lib/topology/exception-handler.ts";
import { simRandom } from "../../sim/keyed-random.ts";
import { overriding } from "../../support/overriding.ts";
import { SeededRandom, VirtualClock } from "../../support/virtual-clock.ts";

const chain = (build: Parameters<typeof defineApp>[1]): App => defineApp({ id: "app" }, build);
const app = chain((builder) => {
  const source = builder.stream("in", { key: string(), value: string() });
  source.groupByKey().count({ store: "by-key" }).toStream().to("out");
  source
    .groupBy((_key, value) => value, { key: string() })
    .count({ store: "by-value" })
    .toStream()
    .to("out");
});

let log: Log;
let leases: LeaseTable;

beforeEach(() => {
  log = createMemoryBroker({ clock: new VirtualClock(), random: new SeededRandom() }).connect();
  leases = createMemoryLeaseTable();
});

const create = (...topics: readonly [name: string, partitions: number][]) =>
  log.createTopics(topics.map(([name, partitions]) => ({ name, partitions, replicas: -1, configs: {} })));
const prepare = (what: App = app, mode: PrepareMode = "deploy", over: LeaseTable = leases) =>
  prepareApplication(what, { log, leases: over }, mode);
const partitionsOf = async (topic: string) => (await log.describe([topic])).get(topic)?.partitions;

describe("a deploy", () => {
  beforeEach(() => create(["in", 3], ["out", 5]));

  test("creates what is ours: changelogs, repartition topics, positions, the manifest", async () => {
    await prepare();
    expect(
      await Promise.all(
        ["by-key-changelog", "by-value-changelog", "by-value-repartition", "positions"].map((name) =>
          partitionsOf(`app-${name}`),
        ),
      ),
    ).toEqual([3, 3, 3, 3]);
    expect(decodeAppManifest((await leases.readDocument(APP_MANIFEST_DOCUMENT))?.body ?? "")).toMatchObject({
      pinCount: 3,
      topics: { in: 3, "app-by-value-repartition": 3 },
    });
  });

  test("is refused with other merged repartition topics than before", async () => {
    const define: Parameters<typeof defineApp>[1] = (builder) => {
      const group = { key: string(), value: string() };
      const keyed = builder.stream("in", group).selectKey((_key, value) => value);
      keyed.groupByKey(group).count({ store: "first" });
      keyed.groupByKey(group).reduce((_a, value) => value, { store: "second" });
    };
    await prepare(chain(define));
    const merged = defineApp({ id: "app", topologyOptimization: "merge.repartition.topics" }, define);
    await expect(prepare(merged)).rejects.toMatchObject({ code: "TOPOLOGY_INCOMPATIBLE" });
  });

  test("plans one task per sub-topology and partition, each in the pin of its partition", async () => {
    const plan = await prepare();
    const tasks = plan.pins.map(({ pin, tasks: all }) => [pin, all.map(({ id }) => id)]);
    expect(tasks).toEqual([
      [0, ["s0_0", "s1_0"]],
      [1, ["s0_1", "s1_1"]],
      [2, ["s0_2", "s1_2"]],
    ]);
    expect(plan.pins[1]?.tasks[1]).toMatchObject({
      inputs: [{ key: "app-by-value-repartition:1", offsetReset: "earliest" }],
      changelogs: [{ key: "app-by-value-changelog:1", store: { name: "by-value" } }],
    });
    expect(plan.partitionCounts.get("out")).toBe(5);
  });

  test("with fewer pins than partitions puts partition mod pins into a pin", async () => {
    const plan = await prepare({ ...app, pins: 2 });
    expect(plan.pins.map(({ tasks }) => tasks.map(({ id }) => id))).toEqual([
      ["s0_0", "s0_2", "s1_0", "s1_2"],
      ["s0_1", "s1_1"],
    ]);
    expect(await partitionsOf("app-positions")).toBe(2);
  });

  test("a second time changes nothing, and keeps the number of pins", async () => {
    const before = await prepare({ ...app, pins: 2 });
    const again = await prepare(app);
    expect(again.manifest).toEqual(before.manifest);
    expect((await leases.readDocument(APP_MANIFEST_DOCUMENT))?.version).toBe(1);
  });

  test("of the same topology in another order of code is the same", async () => {
    const before = await prepare();
    const other = chain((builder) => {
      const source = builder.stream("in", { key: string(), value: string() });
      const byValue = source.groupBy((_key, value) => value, { key: string() });
      byValue.count({ store: "by-value" }).toStream().to("out");
      source.groupByKey().count({ store: "by-key" }).toStream().to("out");
    });
    expect((await prepare(other)).manifest).toEqual(before.manifest);
  });

  test("of two stores in one sub-topology is the same in both orders", async () => {
    const two = (names: readonly string[]) =>
      chain((builder) => {
        const grouped = builder.stream("in", { key: string(), value: string() }).groupByKey();
        for (const store of names) grouped.count({ store }).toStream().to("out");
      });
    const before = await prepare(two(["first", "second"]));
    expect((await prepare(two(["second", "first"]))).manifest).toEqual(before.manifest);
  });

  test("of ten coordinators at once settles on one manifest", async () => {
    const plans = await Promise.all(Array.from({ length: 10 }, () => prepare()));
    expect(new Set(plans.map(({ manifest }) => JSON.stringify(manifest))).size).toBe(1);
    expect((await leases.readDocument(APP_MANIFEST_DOCUMENT))?.version).toBe(1);
  });

  test("that others overwrite again and again gives up", async () => {
    const busy = overriding(leases, { writeDocument: async () => ({ written: false, row: { version: 1, body: "" } }) });
    await expect(prepare(app, "deploy", busy)).rejects.toMatchObject({ code: "LEASE_TABLE_UNAVAILABLE" });
  });

  test("takes replicas and retention from the settings", async () => {
    const made: string[] = [];
    const watching = overriding(log, {
      createTopics: (specs) => {
        made.push(...specs.map(({ name, replicas }) => `${name} ${replicas}`));
        return log.createTopics(specs);
      },
    });
    const topics = { replicas: 1, deleteRetentionMs: 90_000_000 };
    await prepareApplication(app, { log: watching, leases }, { deploy: topics });
    expect(made).toContain("app-positions 1");
    expect(made).toHaveLength(4);
  });
});

describe("a check", () => {
  test("before the first deploy says who has to run", async () => {
    await create(["in", 3], ["out", 5]);
    await expect(prepare(app, "check")).rejects.toMatchObject({
      code: "TOPOLOGY_INCOMPATIBLE",
      message: expect.stringMatching(/not deployed.*coordinator/),
    });
    expect(await leases.readDocument(APP_MANIFEST_DOCUMENT)).toBeUndefined();
    expect(await partitionsOf("app-positions")).toBeUndefined();
  });

  test("after it finds the same plan and writes nothing", async () => {
    await create(["in", 3], ["out", 5]);
    const deployed = await prepare();
    const readOnly = overriding(leases, { writeDocument: () => expect.fail("a check writes nothing") });
    const checked = await prepare(app, "check", readOnly);
    expect(checked.manifest).toEqual(deployed.manifest);
    expect(checked.pins.map(({ tasks }) => tasks.map(({ id }) => id))).toEqual(
      deployed.pins.map(({ tasks }) => tasks.map(({ id }) => id)),
    );
  });
});

describe("what is refused", () => {
  test.for([
    [[], "topics in, out of application app do not exist"],
    [[["in", 3]], "topic out of application app does not exist"],
    [[["out", 3]], "topic in of application app does not exist"],
  ] as const)("missing topics: %j", async ([existing, message]) => {
    await create(...existing.map(([name, partitions]) => [name, partitions] as [string, number]));
    await expect(prepare()).rejects.toMatchObject({
      code: "TOPIC_MISSING",
      advice: "fix-and-redeploy",
      message: expect.stringContaining(message),
    });
  });

  test("a topic for dead letters that does not exist", async () => {
    await create(["in", 3], ["out", 3]);
    const exceptionHandlers = { ...failAlways, processing: deadLetter("dead") };
    await expect(prepare({ ...app, exceptionHandlers })).rejects.toMatchObject({
      code: "TOPIC_MISSING",
      message: expect.stringContaining("topic dead of application app does not exist"),
    });
  });

  test("an internal topic that somebody made with other partitions", async () => {
    await create(["in", 3], ["out", 3], ["app-by-key-changelog", 4]);
    await expect(prepare()).rejects.toMatchObject({
      code: "PARTITIONS_CHANGED",
      details: { topic: "app-by-key-changelog", partitions: 4, expected: 3 },
    });
  });

  test("an internal topic that is gone, when only checking", async () => {
    await create(["in", 3], ["out", 3]);
    await prepare();
    const blind = overriding(log, {
      describe: async (topics) => {
        const found = new Map(await log.describe(topics));
        found.delete("app-by-key-changelog");
        return found;
      },
    });
    await expect(prepareApplication(app, { log: blind, leases }, "check")).rejects.toMatchObject({
      code: "TOPIC_MISSING",
      details: { topic: "app-by-key-changelog" },
    });
  });

  test("sources that are not co-partitioned, named", async () => {
    await create(["left", 2], ["right", 3], ["out", 1]);
    const merged = chain((builder) => {
      const left = builder.table("left", { key: string(), value: int64(), store: "l" });
      const right = builder.stream("right", { key: string(), value: int64() });
      left.toStream().merge(right).groupByKey().count({ store: "c" }).toStream().to("out");
    });
    await expect(prepare(merged)).rejects.toMatchObject({
      code: "NOT_COPARTITIONED",
      message: /left.*right|right.*left/,
    });
  });

  test("partitions that were added to a source after the deploy", async () => {
    await create(["in", 3], ["out", 3]);
    await prepare();
    const grown = createMemoryBroker({ clock: new VirtualClock(), random: simRandom(1, "x") }).connect();
    await grown.createTopics([
      { name: "in", partitions: 4, replicas: -1, configs: {} },
      { name: "out", partitions: 3, replicas: -1, configs: {} },
    ]);
    await expect(prepareApplication(app, { log: grown, leases }, "deploy")).rejects.toMatchObject({
      code: "PARTITIONS_CHANGED",
      details: { topic: "in", partitions: 4, before: 3 },
    });
  });
});
