import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { versionedKeyValue } from "../../../lib/dsl/versioned-store.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { str } from "./words.ts";

const text = { key: string(), value: string() };

function history(
  builder: StreamsBuilder,
  topic: string,
  store: ReturnType<typeof versionedKeyValue>,
): KTable<string, string> {
  return builder.table(topic, { ...text, store });
}

function endsEven(value: string): boolean {
  return Number(value.at(-1)) % 2 === 0;
}

function joined(historyRetentionMs: number): CaseTopology {
  return (builder) => {
    const stream = builder.stream("stream", text);
    stream
      .leftJoin(
        history(builder, "table", versionedKeyValue("versioned", historyRetentionMs)),
        (s, t) => `${str(s)}+${str(t)}`,
      )
      .to("output", text);
  };
}

/** Cases with tables that keep their history. */
export const versioned: Readonly<Record<string, CaseTopology>> = {
  "versioned-table-to-stream": (builder) =>
    history(builder, "input", versionedKeyValue("versions", 60_000)).toStream().to("output", text),
  "versioned-table-short-history": (builder) =>
    history(builder, "input", versionedKeyValue("versions", 1_000)).toStream().to("output", text),
  "versioned-table-filter": (builder) =>
    history(builder, "input", versionedKeyValue("versions", 60_000))
      .filter((_k, v) => endsEven(v))
      .toStream()
      .to("output", text),
  "versioned-table-group-by": (builder) =>
    history(builder, "input", versionedKeyValue("versions", 60_000))
      .groupBy((_k, v) => [endsEven(v) ? "even" : "odd", v], text)
      .count({ store: "counts" })
      .toStream()
      .to("output", { key: string(), value: int64() }),
  "versioned-table-table-join": (builder) =>
    history(builder, "left", versionedKeyValue("lv", 60_000))
      .leftJoin(history(builder, "right", versionedKeyValue("rv", 60_000)), (l, r) => `${str(l)}+${str(r)}`)
      .toStream()
      .to("output", text),
  "stream-versioned-table-join": joined(60_000),
  "stream-versioned-table-short-history": joined(1_500),
};
