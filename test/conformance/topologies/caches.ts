import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { timeWindows } from "../../../lib/dsl/windows.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { wk, words } from "./words.ts";

const text = { key: string(), value: string() };

function sentences(builder: StreamsBuilder): KStream<string, string> {
  return builder.stream("input", text).flatMapValues((v) => words(v));
}

/** Cases with record caches. */
export const caches: Readonly<Record<string, CaseTopology>> = {
  "cached-flat-map-count": (builder) =>
    sentences(builder)
      .groupByKey(text)
      .count({ store: "counts" })
      .toStream()
      .to("output", { key: string(), value: int64() }),
  "cached-tumbling-reduce": (builder) =>
    sentences(builder)
      .groupByKey(text)
      .windowedBy(timeWindows({ size: 1_000, grace: 1_000 }))
      .reduce((a, v) => a + v, { store: "reduced" })
      .toStream()
      .selectKey((w) => wk(w))
      .to("output", text),
  "cached-table-group-by": (builder) =>
    sentences(builder)
      .toTable({ ...text, store: "latest" })
      .groupBy((k, v) => [v, k], text)
      .count({ store: "counts" })
      .toStream()
      .to("output", { key: string(), value: int64() }),
  "cached-cogroup": (builder) => {
    const all = sentences(builder);
    all
      .groupByKey(text)
      .cogroup<string>((_k, v, a) => (a + v).slice(-12))
      .cogroup(all.filter((_k, v) => v !== "a").groupByKey(text), (_k, v, a) => (a + v.toUpperCase()).slice(-12))
      .aggregate(() => "", { store: "cogrouped", value: string() })
      .toStream()
      .to("output", text);
  },
};
