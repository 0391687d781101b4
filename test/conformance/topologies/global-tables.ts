import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { GlobalKTable } from "../../../lib/dsl/global-table.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { initial, str } from "./words.ts";

type Text = string | null;
const text = { key: string(), value: string() };

function stream(builder: StreamsBuilder): KStream<Text, Text> {
  return builder.stream<Text, Text>("stream", text);
}

function table(builder: StreamsBuilder, topic: string, store: string): GlobalKTable<string, string> {
  return builder.globalTable(topic, { ...text, store });
}

function plus(left: Text, right: Text): string {
  return `${str(left)}+${str(right)}`;
}

/** Cases with global tables. */
export const globalTables: Readonly<Record<string, CaseTopology>> = {
  "global-table-store": (builder) => {
    table(builder, "global", "global-store");
    builder.stream<Text, Text>("input", text).to("output", text);
  },
  "stream-global-table-inner": (builder) => {
    const global = table(builder, "table", "global");
    stream(builder)
      .join(global, (_k, v) => initial(v), plus)
      .to("output", text);
  },
  "stream-global-table-left": (builder) => {
    const global = table(builder, "table", "global");
    stream(builder)
      .leftJoin(
        global,
        (k, v) => (k === "A" ? null : initial(v)),
        (s, t, k) => `${str(k)}:${plus(s, t)}`,
      )
      .to("output", text);
  },
  "stream-global-table-chain": (builder) => {
    const first = table(builder, "table", "g1");
    const second = table(builder, "other", "g2");
    stream(builder)
      .join(
        first,
        (_k, v) => v,
        (_s, t) => t,
      )
      .leftJoin(second, (_k, v) => v, plus)
      .groupByKey({ key: string(), value: string() })
      .reduce((_a, v) => v, { store: "last" })
      .toStream()
      .to("output", text);
  },
};
