import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { initial } from "./words.ts";

const text = { key: string(), value: string() };

function table(builder: StreamsBuilder, store?: string): KTable<string, string> {
  return builder.table("input", store === undefined ? text : { ...text, store });
}

/** Cases with tables. */
export const tables: Readonly<Record<string, CaseTopology>> = {
  "table-to-stream": (builder) => table(builder).toStream().to("output", text),
  "table-materialized-to-stream": (builder) => table(builder, "table").toStream().to("output", text),
  "table-to-stream-new-key": (builder) =>
    table(builder)
      .toStream()
      .selectKey((_k, v: string | null) => (v === null ? "none" : initial(v)))
      .to("output", text),
  "table-filter": (builder) =>
    table(builder)
      .filter((_k, v) => v.length > 3)
      .toStream()
      .to("output", text),
  "table-filter-materialized": (builder) =>
    table(builder)
      .filter((_k, v) => v.length > 3, { store: "filtered" })
      .toStream()
      .to("output", text),
  "table-filter-of-materialized": (builder) =>
    table(builder, "table")
      .filter((_k, v) => v.length > 3)
      .toStream()
      .to("output", text),
  "table-filter-not": (builder) =>
    table(builder)
      .filterNot((k, v) => v.startsWith("a") || k === "D", { store: "kept" })
      .toStream()
      .to("output", text),
  "table-map-values": (builder) =>
    table(builder)
      .mapValues((v, k) => `${k}=${v.toUpperCase()}`)
      .toStream()
      .to("output", text),
  "table-map-values-materialized": (builder) =>
    table(builder)
      .mapValues((v) => (v.startsWith("b") ? null : v + v), { store: "mapped", value: string() })
      .toStream()
      .to("output", text),
  "table-transform-values": (builder) =>
    table(builder)
      .transformValues(() => ({ transform: (k, v) => (v === null ? `gone:${k}` : v === "fig" ? null : `${k}:${v}`) }), {
        store: "transformed",
        value: string(),
      })
      .toStream()
      .to("output", text),
  "table-map-filter-chain": (builder) => {
    const lengths = table(builder).mapValues((v) => v.length, { store: "lengths-store", value: int64() });
    lengths.toStream().to("lengths", { key: string(), value: int64() });
    lengths
      .filter((_k, n) => n >= 4)
      .mapValues((n) => `len${n}`)
      .toStream()
      .to("output", text);
  },
};
