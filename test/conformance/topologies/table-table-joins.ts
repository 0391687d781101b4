import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { str } from "./words.ts";

const text = { key: string(), value: string() };
const counted = { key: string(), value: int64() };
const kept = { store: "joined", value: string() };

type Text = string | null;
type Tables = readonly [left: KTable<string, string>, right: KTable<string, string>];

const plus = (l: Text, r: Text): string => `${str(l)}+${str(r)}`;
const endsEven = (_key: string, value: string): boolean => Number(value.at(-1)) % 2 === 0;

function sides(builder: StreamsBuilder): Tables {
  return [builder.table("left", text), builder.table("right", text)];
}

function joined(join: (...tables: Tables) => KTable<string, string>): CaseTopology {
  return (builder) =>
    join(...sides(builder))
      .toStream()
      .to("output", text);
}

/** Cases with joins of two tables by key. */
export const tableTableJoins: Readonly<Record<string, CaseTopology>> = {
  "table-table-inner": joined((left, right) => left.join(right, plus)),
  "table-table-left": joined((left, right) => left.leftJoin(right, plus)),
  "table-table-outer": joined((left, right) => left.outerJoin(right, plus)),
  "table-table-inner-materialized": joined((left, right) => left.join(right, plus, kept)),
  "table-table-left-materialized": joined((left, right) => left.leftJoin(right, plus, kept)),
  "table-table-outer-materialized": joined((left, right) => left.outerJoin(right, plus, kept)),
  "table-table-filtered-sides": (builder) =>
    builder
      .table("left", text)
      .filter(endsEven)
      .outerJoin(
        builder.table("right", text).mapValues((v) => v.toUpperCase()),
        plus,
      )
      .toStream()
      .to("output", text),
  "table-table-three-way": (builder) => {
    const [left, right] = sides(builder);
    left
      .join(right, plus)
      .leftJoin(builder.table("third", text), (x, y) => `(${str(x)})+${str(y)}`)
      .toStream()
      .to("output", text);
  },
  "table-table-join-group-by": (builder) => {
    const [left, right] = sides(builder);
    left
      .outerJoin(right, (l, r) => (l === null ? "right-only" : r === null ? "left-only" : "both"))
      .groupBy((k, v) => [v, k], text)
      .count({ store: "counts" })
      .toStream()
      .to("output", counted);
  },
  "table-table-join-filter": joined((left, right) => left.join(right, plus).filter(endsEven)),
  "table-table-self-join": (builder) => {
    const table = builder.table("input", text);
    table
      .join(
        table.mapValues((v) => v.toUpperCase()),
        plus,
      )
      .toStream()
      .to("output", text);
  },
  "aggregate-table-join": (builder) =>
    builder
      .stream("left", text)
      .groupByKey()
      .count({ store: "n" })
      .outerJoin(
        builder
          .stream("right", text)
          .groupByKey()
          .reduce((_a, v) => v, { store: "last" }),
        (n, v) => `${n === null ? "null" : n}+${str(v)}`,
      )
      .toStream()
      .to("output", text),
};
