import { expect, test } from "vitest";
import { createMemoryLeaseTable } from "../../../lib/adapters/memory/lease-table.ts";
import { createMemoryBroker } from "../../../lib/adapters/memory/log/broker.ts";
import { systemClock, systemRandom } from "../../../lib/adapters/system/clock.ts";
import { type PrepareMode, prepareApplication } from "../../../lib/application/prepare.ts";
import { parseSettings } from "../../../lib/config/settings.ts";
import { defineApp } from "../../../lib/dsl/app.ts";
import type { Log, TopicSpec } from "../../../lib/ports/log.ts";
import { string } from "../../../lib/serde/string.ts";

const text = { key: string(), value: string() };
const app = defineApp({ id: "app" }, (builder) => {
  builder
    .stream("in", text)
    .groupBy((_key, value) => value, text)
    .count({ store: "counts" });
});

/** Deploys on an empty log and answers with what it was asked to create. */
async function created(modes: readonly PrepareMode[]): Promise<readonly TopicSpec[]> {
  const real = createMemoryBroker({ clock: systemClock, random: systemRandom }).connect();
  await real.createTopics([{ name: "in", partitions: 2, replicas: -1, configs: {} }]);
  const specs: TopicSpec[] = [];
  const createTopics: Log["createTopics"] = (asked) => {
    specs.push(...asked);
    return real.createTopics(asked);
  };
  const log: Log = Object.assign(Object.create(real), { createTopics });
  const leases = createMemoryLeaseTable();
  for (const mode of modes) await prepareApplication(app, { log, leases }, mode);
  return specs;
}

test("every internal topic gets the replicas of the settings, changelogs their tombstone time", async () => {
  const { topics } = parseSettings({ topics: { replicas: 3, deleteRetentionMs: "1d" } });
  const specs = await created([{ deploy: topics }]);
  expect(specs.map(({ name, replicas }) => [name, replicas])).toEqual([
    ["app-counts-repartition", 3],
    ["app-counts-changelog", 3],
    ["app-positions", 3],
  ]);
  expect(specs.map(({ configs }) => configs["delete.retention.ms"])).toEqual([undefined, "86400000", undefined]);
});

test("without settings the broker chooses the replicas and tombstones stay a week", async () => {
  const specs = await created(["deploy"]);
  expect(specs.map(({ replicas }) => replicas)).toEqual([-1, -1, -1]);
  expect(specs[1]?.configs["delete.retention.ms"]).toBe("604800000");
});

test("checking creates nothing", async () => {
  expect(await created(["deploy", "check"])).toHaveLength(3);
});
