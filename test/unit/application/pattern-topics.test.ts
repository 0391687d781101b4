import { expect, test } from "vitest";
import { createMemoryLeaseTable } from "../../../lib/adapters/memory/lease-table.ts";
import { createMemoryBroker } from "../../../lib/adapters/memory/log/broker.ts";
import { prepareApplication } from "../../../lib/application/prepare.ts";
import type { App } from "../../../lib/index.ts";
import { deadLetter, defineApp, string } from "../../../lib/index.ts";
import { simRandom } from "../../sim/keyed-random.ts";
import { SimClock } from "../../sim/sim-clock.ts";

const text = { key: string(), value: string() };

function counted(pattern: RegExp): App {
  return defineApp({ id: "orders", processingExceptionHandler: deadLetter("dead") }, (builder) => {
    builder
      .stream(pattern, text)
      .selectKey((_key, value) => value)
      .groupByKey(text)
      .count({ store: "counts" })
      .toStream()
      .to("sums");
  });
}

async function ports(topics: Readonly<Record<string, number>>) {
  const broker = createMemoryBroker({ clock: new SimClock(1), random: simRandom(1, "broker") });
  const log = broker.connect({ clientId: "test" });
  const create = (given: typeof topics) =>
    log.createTopics(
      Object.entries(given).map(([name, partitions]) => ({ name, partitions, replicas: 1, configs: {} })),
    );
  await create({ sums: 1, dead: 1, ...topics });
  return { log, leases: createMemoryLeaseTable(), create };
}

test("a deploy finds the topics, tasks read them all, and what comes later is not read", async () => {
  const given = await ports({ "orders-us": 3, "orders-eu": 2, payments: 1 });
  const app = counted(/orders-.*/);
  const plan = await prepareApplication(app, given, "deploy");
  const inputs = plan.pins.map(({ tasks }) => tasks.flatMap((task) => task.inputs.map(({ key }) => key)));
  expect(inputs).toEqual([
    ["orders-eu:0", "orders-us:0", "orders-counts-repartition:0"],
    ["orders-eu:1", "orders-us:1", "orders-counts-repartition:1"],
    ["orders-us:2", "orders-counts-repartition:2"],
  ]);
  await given.create({ "orders-asia": 9 });
  for (const mode of ["check", "deploy"] as const) {
    const later = await prepareApplication(app, given, mode);
    expect(later.manifest).toEqual(plan.manifest);
    expect(later.pins).toHaveLength(3);
  }
  expect(plan.manifest.patterns).toEqual({ "/orders-.*/": ["orders-eu", "orders-us"] });
});

test("another pattern reads something else, which a deploy refuses", async () => {
  const given = await ports({ "orders-us": 1, "orders-eu": 1 });
  await prepareApplication(counted(/orders-.*/), given, "deploy");
  await expect(prepareApplication(counted(/orders-u.*/), given, "deploy")).rejects.toMatchObject({
    code: "TOPOLOGY_INCOMPATIBLE",
  });
});

test("without a topic that matches nothing is deployed; the application's own topics are none", async () => {
  const given = await ports({ "orders-positions": 1, "orders-counts-changelog": 1 });
  await expect(prepareApplication(counted(/orders-.*/), given, "deploy")).rejects.toMatchObject({
    code: "TOPIC_MISSING",
    message: expect.stringContaining("no topic matches /orders-.*/ of KSTREAM-SOURCE-0000000000"),
  });
});

test("a pattern that matches the application's dead letters is refused", async () => {
  const given = await ports({ deal: 1 });
  await expect(prepareApplication(counted(/dea./), given, "deploy")).rejects.toThrow("dead letters go to topic dead");
});

test("a topic that is gone is missed by its name", async () => {
  const given = await ports({ "orders-us": 1 });
  const app = counted(/orders-.*/);
  await prepareApplication(app, given, "deploy");
  const elsewhere = { ...(await ports({})), leases: given.leases };
  await expect(prepareApplication(app, elsewhere, "deploy")).rejects.toThrow(
    "topic orders-us of application orders does not exist",
  );
});
