/** Compares every record on changelog and repartition topics with Kafka Streams' bytes. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { LogRecord } from "../../lib/testing/driver-log.ts";
import { caseTopologies } from "./topologies/index.ts";
import type { CaseTopology } from "./topologies/words.ts";
import { replay } from "./vectors/replay.ts";
import { readVector } from "./vectors/vector-file.ts";

type WireRecord = readonly [key: string | null, value: unknown, timestampMs: number, headers: readonly unknown[]];

interface WireFile {
  readonly serdes: Readonly<Record<string, { readonly value: string }>>;
  readonly internalRecords: readonly (readonly [
    step: number,
    topic: string,
    key: string | null,
    value: string | null,
    timestampMs: number,
    headers?: readonly (readonly [string, string | null])[],
  ])[];
}

const recorded = fileURLToPath(new URL("recorded", import.meta.url));
const names = readdirSync(`${recorded}/wire`).map((file) => file.slice(0, -".json".length));

test.for(names)("%s writes Kafka Streams' bytes to its internal topics, in the same order", (name) => {
  const wire = JSON.parse(readFileSync(`${recorded}/wire/${name}.json`, "utf8")) as WireFile;
  const { driver } = replay(readVector(`${recorded}/vectors`, name, "1"), caseTopologies.get(name) as CaseTopology);
  for (const [topic, { value: format }] of Object.entries(wire.serdes)) {
    const value = (hex: string | null): unknown =>
      hex !== null && format === "json" ? JSON.parse(Buffer.from(hex, "hex").toString()) : hex;
    const expected = wire.internalRecords
      .filter(([, each]) => each === topic)
      .map(([, , key, hex, timestampMs, headers = []]): WireRecord => [key, value(hex), timestampMs, headers]);
    const actual = driver.records(topic).map((record) => wireRecord(record, value));
    expect(actual, topic).toEqual(expected);
  }
});

function wireRecord(record: LogRecord, value: (hex: string | null) => unknown): WireRecord {
  const hex = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString("hex");
  const headers = record.headers.map((header) => [header.key, hex(header.value)]);
  return [hex(record.key), value(hex(record.value)), record.timestampMs, headers];
}
