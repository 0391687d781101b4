import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as millrace from "../../../lib/index.ts";

/** Public methods of Kafka Streams 4.3.1 by class: what a topology is written with. */
const calls = JSON.parse(readFileSync(new URL("kafka-streams-calls.json", import.meta.url), "utf8")) as Readonly<
  Record<string, readonly string[]>
>;
const page = readFileSync(new URL("../../../docs/from-kafka-streams.md", import.meta.url), "utf8");

/** A row of the table of every call, by each of the classes that it is about. */
const rows = new Map<string, readonly string[]>();
for (const line of page.slice(page.indexOf("## Every call")).split("\n")) {
  const [, classes = "", ...cells] = line.split("|");
  for (const [, name = ""] of classes.matchAll(/`(\w+)`/g)) rows.set(name, cells);
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.match(/\w+/g));
}

test.for(Object.entries(calls))("every method of Kafka Streams' %s is told of", ([name, methods]) => {
  const told = words((rows.get(name) ?? []).join(" "));
  expect(methods.filter((method) => !told.has(method))).toEqual([]);
});

test("what is said to be the same is there", () => {
  const classes = [...rows].flatMap(([name, [same = ""]]) => {
    const offered: unknown = name === "Topology" ? millrace.StreamsBuilder : Reflect.get(millrace, name);
    if (offered === undefined) return [];
    const has = typeof offered === "function" ? (offered.prototype as object) : (offered as object);
    const named = [...same.matchAll(/`(\w+)`/g)].map(([, method = ""]) => method);
    return [{ name, absent: named.filter((method) => !(method in has) && method !== "StreamsBuilder") }];
  });
  expect(classes.filter(({ absent }) => absent.length > 0)).toEqual([]);
  expect(classes.length).toBeGreaterThan(12);
});
