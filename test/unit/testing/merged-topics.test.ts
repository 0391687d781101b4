import { expect, test } from "vitest";
import { defineApp } from "../../../lib/dsl/app.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import { startEmbedded } from "../../../lib/testing/start-embedded.ts";

const text = { key: string(), value: string() };
const cities = ["Bonn", "Cork", "Graz", "Lyon", "Oslo"] as const;

/** Visits of cities, under keys that say nothing about the city. */
const visits = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => ({
    key: `v${from + at}`,
    value: cities[(from + at) % cities.length] as string,
    timestampMs: from + at,
  }));

const app = defineApp({ id: "visits", topologyOptimization: "merge.repartition.topics" }, (builder) => {
  const byCity = builder.stream("visits", text).selectKey((_id, city) => city, { name: "by-city" });
  const all = byCity.merge(builder.stream("more", text).selectKey((_id, city) => city));
  const group = { ...text, name: "all" };
  all.groupByKey(group).count({ store: "all" }).toStream().to("all-counts", { key: string(), value: int64() });
  byCity
    .groupByKey({ ...text, name: "some" })
    .count({ store: "some" })
    .toStream()
    .to("some-counts", { key: string(), value: int64() });
  byCity.join(builder.table("countries", text), (_city, country) => country, text).to("countries-out", text);
});

test("one topic gives what several would, over partitions and through the death of a worker", async () => {
  const topics = { visits: 3, more: 2, countries: 3, "all-counts": 1, "some-counts": 1, "countries-out": 1 };
  await using running = await startEmbedded({ app, topics });
  await running.write(
    "countries",
    cities.map((city) => ({ key: city, value: city.toUpperCase(), timestampMs: 0 })),
  );
  await running.caughtUp();
  await running.write("visits", visits(0, 23));
  await running.write("more", visits(0, 10));
  await running.caughtUp();
  const [worker = ""] = await running.platform.launcher.list();
  expect(await running.platform.launcher.kill(worker)).toBe(true);
  await running.write("visits", visits(23, 27));
  await running.write("more", visits(10, 5));
  await running.caughtUp();

  const last = async (topic: string) =>
    new Map((await running.read<string, number>(topic)).map(({ key, value }) => [key, value] as const));
  expect(await last("some-counts")).toEqual(new Map(cities.map((city) => [city, 10])));
  // What is merged with another stream keeps its own topic: records of `more` are not where the others are.
  expect(await last("all-counts")).toEqual(new Map(cities.map((city) => [city, 13])));
  const joined = await running.read<string, string>("countries-out");
  expect(joined).toHaveLength(50);
  expect(joined.every(({ key, value }) => value === key?.toUpperCase())).toBe(true);
  const internal = app.topology.nodes.flatMap((node) => (node.kind === "source" ? node.topics : []));
  expect(internal.filter((topic) => topic.internal).map(({ name }) => name)).toEqual([
    "some-repartition",
    "all-repartition",
  ]);
});
