import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { initial } from "./words.ts";

const text = { key: string(), value: string() };
const counted = { key: string(), value: int64() };
const numbered = { key: int64(), value: int64() };

function table(builder: StreamsBuilder): KTable<string, string> {
  return builder.table("input", text);
}

function counts(builder: StreamsBuilder): KTable<string, number> {
  return builder.stream("input", text).groupByKey().count();
}

function countPerRest(of: KTable<string, number>): void {
  of.groupBy((k, n) => [n % 5, k], { key: int64(), value: string() })
    .count()
    .toStream()
    .to("output", numbered);
}

interface Order {
  readonly region: string | null;
  readonly amount: number;
}

interface Part {
  readonly id: string;
  readonly amount: number;
}

interface Region {
  readonly total: number;
  readonly ids: readonly string[];
}

function without(text: string, part: string): string {
  const at = text.indexOf(part);
  return at < 0 ? text : text.slice(0, at) + text.slice(at + part.length);
}

/** Cases with tables that are grouped, and streams that become tables. */
export const groupedTables: Readonly<Record<string, CaseTopology>> = {
  "table-group-by-count": (builder) =>
    table(builder)
      .groupBy((_k, v) => [initial(v), v], text)
      .count({ store: "counts" })
      .toStream()
      .to("output", counted),
  "table-group-by-reduce": (builder) =>
    builder
      .table("input", counted)
      .groupBy((_k, v) => [v % 2 === 0 ? "even" : "odd", v], counted)
      .reduce(
        (a, v) => a + v,
        (a, v) => a - v,
        { store: "sums" },
      )
      .toStream()
      .to("output", counted),
  "table-group-by-aggregate": (builder) =>
    builder
      .table("input", { key: string(), value: json<Order>() })
      .groupBy((k, v) => [v.region, { id: k, amount: v.amount }], { key: string(), value: json<Part>() })
      .aggregate<Region>(
        () => ({ total: 0, ids: [] }),
        (_k, v, a) => ({ total: a.total + v.amount, ids: [...new Set([...a.ids, v.id])].sort() }),
        {
          subtractor: (_k, v, a) => ({ total: a.total - v.amount, ids: a.ids.filter((id) => id !== v.id) }),
          store: "regions",
          value: json(),
        },
      )
      .toStream()
      .to("output", { key: string(), value: json() }),
  "table-group-by-aggregate-delete": (builder) =>
    builder
      .table("input", counted)
      .groupBy((_k, v) => [`g${v % 3}`, v], counted)
      .aggregate(
        () => 0,
        (_k, _v, a) => a + 1,
        { subtractor: (_k, _v, a) => (a === 1 ? null : a - 1), store: "counts", value: int64() },
      )
      .toStream()
      .to("output", counted),
  "table-filter-group-by-count": (builder) =>
    table(builder)
      .filter((_k, v) => v.length > 3)
      .groupBy((_k, v) => [initial(v), v], text)
      .count({ store: "counts" })
      .toStream()
      .to("output", counted),
  "table-filter-group-by-and-stream": (builder) => {
    const filtered = table(builder).filter((_k, v) => v.length > 3);
    filtered.toStream().to("output", text);
    filtered
      .groupBy((_k, v) => ["all", v], text)
      .count()
      .toStream()
      .to("counted", counted);
  },
  "count-of-count": (builder) => {
    const perKey = counts(builder);
    perKey.toStream().to("counts", counted);
    countPerRest(perKey);
  },
  "count-of-count-guarded": (builder) => countPerRest(counts(builder).filter((_k, n) => n > 0)),
  "to-table": (builder) => builder.stream("input", text).toTable({ store: "latest" }).toStream().to("output", text),
  "to-table-after-select-key": (builder) =>
    builder
      .stream<string | null, string | null>("input", text)
      .selectKey((k, v) => (v === null ? k : initial(v)))
      .toTable({ ...text, store: "latest" })
      .mapValues((v) => v.toUpperCase())
      .toStream()
      .to("output", text),
  "to-table-group-by-reduce": (builder) =>
    builder
      .stream<string | null, string>("input", text)
      .filter((k) => k !== null)
      .toTable()
      .groupBy((_k, v) => [v.length % 2 === 1 ? "odd" : "even", v], text)
      .reduce(
        (a, v) => `${a}${v};`,
        (a, v) => without(a, `${v};`),
        { store: "joined" },
      )
      .toStream()
      .to("output", text),
};
