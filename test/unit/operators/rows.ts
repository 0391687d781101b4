import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { InputRecord, OutputRecord } from "../../support/task-host.ts";
import { TopologyHost } from "../../support/task-host.ts";

/** An input: key, value, timestamp. */
export type In = readonly [key: unknown, value: unknown, timestampMs: number];

/** What a topic got: key, value, timestamp. */
export type Out = readonly [key: unknown, value: unknown, timestampMs: number];

/** A row of a table test: a topology between the topics `in` and `out`, and what goes in and comes out. */
export interface OperatorRow {
  readonly name: string;
  readonly topology: (builder: StreamsBuilder) => void;
  readonly input: readonly In[];
  readonly output: readonly Out[];
  readonly drops?: readonly string[];
}

/** Runs the inputs of a row. */
export function run(row: Pick<OperatorRow, "topology" | "input">): TopologyHost {
  const host = new TopologyHost(row.topology);
  for (const [key, value, timestampMs] of row.input) host.pipe("in", { key, value, timestampMs });
  return host;
}

/** An output record as a row writes it. */
export function plain({ key, value, timestampMs }: InputRecord | OutputRecord): Out {
  return [key, value, timestampMs];
}

/** The reasons for which records were dropped. */
export function reasons(host: TopologyHost): readonly string[] {
  return host.drops.map(([, reason]) => reason);
}
