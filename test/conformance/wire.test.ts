/** Compares every record on changelog and repartition topics with Kafka Streams' bytes. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { LogRecord } from "../../lib/testing/driver-log.ts";
import { caseTopologies } from "./topologies/index.ts";
import type { CaseTopology } from "./topologies/words.ts";
import { replay } from "./vectors/replay.ts";
import { readVector } from "./vectors/vector-file.ts";

type WireRecord = readonly [
  step: number,
  key: string | null,
  value: unknown,
  timestampMs: number | null,
  headers: readonly unknown[],
];

interface RecordedNames {
  readonly internalTopics: Readonly<Record<string, { readonly store?: string }>>;
  readonly subtopologies: readonly { readonly stores: readonly { readonly name: string; readonly type: string }[] }[];
}

interface WireFile {
  readonly serdes: Readonly<Record<string, { readonly value: string }>>;
  readonly internalRecords: readonly (readonly [
    step: number,
    topic: string,
    key: string | null,
    value: string | null,
    timestampMs: number | null,
    headers?: readonly (readonly [string, string | null])[],
  ])[];
}

const recorded = fileURLToPath(new URL("recorded", import.meta.url));
const golden = fileURLToPath(new URL("../golden/describe/names.json", import.meta.url));
const recordedNames = JSON.parse(readFileSync(golden, "utf8")) as Readonly<Record<string, RecordedNames>>;
const names = readdirSync(`${recorded}/wire`).map((file) => file.slice(0, -".json".length));

test.for(names)("%s writes Kafka Streams' bytes to its internal topics, in the same order", async (name) => {
  const wire = JSON.parse(readFileSync(`${recorded}/wire/${name}.json`, "utf8")) as WireFile;
  const vector = readVector(`${recorded}/vectors`, name, "1");
  const topics = Object.keys(wire.serdes);
  const { driver, counts } = await replay(vector, caseTopologies.get(name) as CaseTopology, { watched: topics });
  for (const topic of topics) {
    const format = wire.serdes[topic]?.value;
    const value = (hex: string | null): unknown =>
      hex !== null && format === "json" ? JSON.parse(Buffer.from(hex, "hex").toString()) : hex;
    const expected = wire.internalRecords
      .filter(([, each]) => each === topic)
      .map(
        ([step, , key, hex, timestampMs, headers = []]): WireRecord => [step, key, value(hex), timestampMs, headers],
      );
    // Kafka Streams gives what buffers write no timestamp (the producer takes the wall clock) and no order within a step.
    const buffered = format?.startsWith("bufferValue") ?? false;
    const afterStep = counts.get(topic) ?? [];
    const actual = driver
      .records(topic)
      .map((record, index) => wireRecord(record, { value, step: afterStep.findIndex((count) => count > index) }))
      .map(
        ([step, key, hex, timestampMs, headers]): WireRecord => [
          step,
          key,
          hex,
          buffered ? null : timestampMs,
          headers,
        ],
      );
    const fewer = actual.length < expected.length && !keepsEveryPut(name, topic);
    const order = buffered ? byStepAndKey : fewer ? lastOfEachKey : asWritten;
    expect(order(actual), topic).toEqual(order(expected));
  }
});

/**
 * A changelog of ours holds one record per key and commit, Kafka Streams' without a cache one per put: of a key's records in
 * one step the last counts. Where every put is state of its own, there is no such difference.
 */
function keepsEveryPut(name: string, topic: string): boolean {
  const { internalTopics, subtopologies } = recordedNames[name] as RecordedNames;
  const store = internalTopics[topic]?.store;
  if (store === undefined) return true;
  const type = subtopologies.flatMap(({ stores }) => stores).find(({ name }) => name === store)?.type ?? "";
  return !["keyValue", "timestampedKeyValue", "window", "timestampedWindow", "session"].includes(type);
}

function asWritten(records: readonly WireRecord[]): readonly WireRecord[] {
  return records;
}

function byStepAndKey(records: readonly WireRecord[]): readonly WireRecord[] {
  return records.toSorted((a, b) => a[0] - b[0] || ((a[1] ?? "") < (b[1] ?? "") ? -1 : 1));
}

/** In the order of each key's first record of its step. */
function lastOfEachKey(records: readonly WireRecord[]): readonly WireRecord[] {
  return [...new Map(records.map((record) => [`${record[0]} ${record[1]}`, record])).values()];
}

function wireRecord(
  record: LogRecord,
  { step, value }: { step: number; value: (hex: string | null) => unknown },
): WireRecord {
  const hex = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString("hex");
  const headers = record.headers.map((header) => [header.key, hex(header.value)]);
  return [step, hex(record.key), value(hex(record.value)), record.timestampMs, headers];
}
