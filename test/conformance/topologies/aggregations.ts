import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { initial } from "./words.ts";

const text = { key: string(), value: string() };
const counted = { key: string(), value: int64() };

function input(builder: StreamsBuilder): KStream<string, string> {
  return builder.stream("input", text);
}

interface Summary {
  readonly n: number;
  readonly sum: number;
  readonly min: number | null;
  readonly max: number | null;
}

function extreme(pick: (a: number, b: number) => number, before: number | null, value: number): number {
  return before === null ? value : pick(before, value);
}

/** Cases with aggregations of streams that have no windows. */
export const aggregations: Readonly<Record<string, CaseTopology>> = {
  "word-count": (builder) =>
    input(builder)
      .flatMapValues((v) =>
        v
          .toLowerCase()
          .split(/[^A-Za-z0-9_]+/)
          .filter((word) => word !== ""),
      )
      .groupBy((_k, word) => word, text)
      .count({ store: "counts" })
      .toStream()
      .to("output", counted),
  "group-by-key-count": (builder) =>
    input(builder).groupByKey().count({ store: "counts" }).toStream().to("output", counted),
  "group-by-key-count-unnamed": (builder) => input(builder).groupByKey().count().toStream().to("output", counted),
  "aggregate-headers": (builder) =>
    input(builder).groupByKey().count({ store: "counts" }).toStream().to("output", counted),
  "group-by-key-reduce": (builder) =>
    input(builder)
      .groupByKey()
      .reduce((a, v) => (a.length > 60 ? v : `${a},${v}`), { store: "reduced" })
      .toStream()
      .to("output", text),
  "group-by-key-reduce-delete": (builder) =>
    input(builder)
      .groupByKey()
      .reduce((a, v) => (v === "fig" || v === "cat" ? null : `${a},${v}`), { store: "reduced" })
      .toStream()
      .to("output", text),
  "group-by-key-aggregate": (builder) =>
    builder
      .stream("input", counted)
      .groupByKey()
      .aggregate<Summary>(
        () => ({ n: 0, sum: 0, min: null, max: null }),
        (_k, v, a) => ({
          n: a.n + 1,
          sum: a.sum + v,
          min: extreme(Math.min, a.min, v),
          max: extreme(Math.max, a.max, v),
        }),
        { store: "aggregated", value: json() },
      )
      .toStream()
      .to("output", { key: string(), value: json<Summary>() }),
  "group-by-key-aggregate-delete": (builder) =>
    input(builder)
      .groupByKey()
      .aggregate(
        () => "0",
        (_k, v, a) => (v === "fig" ? null : a + initial(v)),
        { store: "aggregated", value: string() },
      )
      .toStream()
      .to("output", text),
  "group-by-count": (builder) =>
    builder
      .stream<string, string | null>("input", text)
      .groupBy((_k, v) => (v === null ? "none" : v === "fig" ? null : initial(v)), text)
      .count({ store: "counts" })
      .toStream()
      .to("output", counted),
  "select-key-group-by-key-reduce": (builder) =>
    builder
      .stream<string, number | null>("input", counted)
      .filter((_k, v) => v !== null)
      .selectKey((_k, v) => (v < 0 ? "negative" : v % 2 === 0 ? "even" : "odd"))
      .groupByKey(counted)
      .reduce((a, v) => a + v, { store: "sums" })
      .toStream()
      .to("output", counted),
  "count-then-filter": (builder) =>
    input(builder)
      .groupByKey()
      .count({ store: "counts" })
      .filter((_k, n) => n % 3 !== 0)
      .toStream()
      .to("output", counted),
  "two-aggregations": (builder) => {
    const grouped = input(builder).groupByKey();
    grouped.count({ store: "counts" }).toStream().to("output", counted);
    grouped
      .reduce((a, v) => (v.length > a.length ? v : a), { store: "longest-store" })
      .toStream()
      .to("longest", text);
  },
};
