import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { versionedKeyValue } from "../../../lib/dsl/versioned-store.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { str } from "./words.ts";

type Text = string | null;
const text = { key: string(), value: string() };
const graced = { ...text, name: "graced", gracePeriod: "2s" } as const;

function stream(builder: StreamsBuilder): KStream<Text, Text> {
  return builder.stream<Text, Text>("stream", text);
}

function table(builder: StreamsBuilder): KTable<string, string> {
  return builder.table("table", text);
}

function history(builder: StreamsBuilder): KTable<string, string> {
  return builder.table("table", { ...text, store: versionedKeyValue("versioned", "1m") });
}

function plus(left: Text, right: string | number | null): string {
  return `${str(left)}+${right === null ? "null" : String(right)}`;
}

/** Cases that join a stream with a table. */
export const streamTableJoins: Readonly<Record<string, CaseTopology>> = {
  "stream-table-inner": (builder) => stream(builder).join(table(builder), plus).to("output", text),
  "stream-table-left": (builder) => stream(builder).leftJoin(table(builder), plus).to("output", text),
  "stream-table-headers": (builder) => stream(builder).leftJoin(table(builder), plus).to("output", text),
  "stream-table-inner-repartition": (builder) =>
    stream(builder)
      .filter((_k, v) => v !== null)
      .selectKey((k) => (k === null ? "A" : k === "B" ? null : k))
      .join(table(builder), (s, t, k) => `${k}:${s}+${t}`, text)
      .to("output", text),
  "stream-table-left-repartition": (builder) =>
    stream(builder)
      .filter((_k, v) => v !== null)
      .selectKey((k) => (k === "B" ? null : k))
      .leftJoin(table(builder), plus, text)
      .to("output", text),
  "stream-table-grace-inner": (builder) => {
    const rows = history(builder);
    stream(builder).join(rows, plus, graced).to("output", text);
  },
  "stream-table-grace-left": (builder) => {
    const rows = history(builder);
    stream(builder).leftJoin(rows, plus, graced).to("output", text);
  },
  "stream-filtered-table-join": (builder) =>
    stream(builder)
      .leftJoin(
        table(builder)
          .filter((_k, v) => Number(v.at(-1)) % 2 === 0)
          .mapValues((v) => v.toUpperCase()),
        plus,
      )
      .to("output", text),
  "stream-aggregated-table-join": (builder) => {
    const counts = builder.stream("table", text).groupByKey().count({ store: "counts" });
    stream(builder).leftJoin(counts, plus).to("output", text);
  },
  "stream-joins-own-aggregate": (builder) => {
    const all = stream(builder);
    // Recorded with `Materialized.with(…)`, which uses up one number more than `count()`: hence the names.
    const store = "KSTREAM-AGGREGATE-STATE-STORE-0000000002";
    const counts = all.groupByKey().count({ store, name: "KSTREAM-AGGREGATE-0000000003" });
    all
      .leftJoin(counts, plus, { name: "KSTREAM-LEFTJOIN-0000000004" })
      .to("output", { ...text, name: "KSTREAM-SINK-0000000005" });
  },
};
