import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { joinWindows } from "../../../lib/dsl/join-windows.ts";
import { Stores } from "../../../lib/dsl/stores.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { Suppressed } from "../../../lib/dsl/suppressed.ts";
import { timeWindows } from "../../../lib/dsl/windows.ts";
import type { ProcessorContext } from "../../../lib/operators/processing-context.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { initial, str, wk } from "./words.ts";

type Text = string | null;
type TextContext = ProcessorContext<string, Text>;
const text = { key: string(), value: string() };
const numbers = { key: string(), value: int64() };

function stream(builder: StreamsBuilder, topic = "input", name?: string): KStream<string, Text> {
  return builder.stream<string, Text>(topic, { ...text, ...(name !== undefined && { name }) });
}

function initialOrNull(value: Text): string {
  return value === null ? (null as never) : initial(value);
}

function keyed(builder: StreamsBuilder): KStream<string, Text> {
  return stream(builder).selectKey((_k, v) => initialOrNull(v));
}

function initials(builder: StreamsBuilder, topic: string, side: string): KStream<string, Text> {
  return stream(builder, topic, `source${side}Stream`).map((_k, v) => [initialOrNull(v), v], {
    name: `mapped${side}Stream`,
  });
}

/** The last twelve characters. */
function cut(value: string): string {
  return value.slice(-12);
}

function upper(value: Text): Text {
  return value === null ? null : value.toUpperCase();
}

/** One new key with an aggregation, a filter and a join below. */
function everythingBelowOneKey(builder: StreamsBuilder): void {
  const mapped = stream(builder, "input", "sourceStream").map((k, v) => [`${k}!`, v], { name: "source-map" });
  const group = (name: string) => mapped.groupByKey({ ...text, name: `${name}-groupByKey` });
  mapped
    .filter((k) => k === "B!", { name: "process-filter" })
    .mapValues((v) => str(v).toUpperCase(), { name: "process-mapValues" })
    .to("output", { ...text, name: "process-to" });
  const counts = group("count").count({ name: "count", store: "count-store" }).toStream({ name: "count-toStream" });
  counts.to("counts", { ...numbers, name: "count-to" });
  group("aggregate").aggregate<string>(
    () => "",
    (_k, v, a) => a + str(v).length,
    {
      name: "aggregate",
      store: "aggregate-store",
      value: string(),
    },
  );
  mapped
    .filter(() => true, { name: "reduce-filter" })
    .peek(() => {}, { name: "reduce-peek" })
    .groupByKey({ ...text, name: "reduce-groupByKey" })
    .reduce((a, v) => cut(`${a}:${v}`), { name: "reducer", store: "reduce-store" })
    .toStream({ name: "reduce-toStream" })
    .to("lists", { ...text, name: "reduce-to" });
  mapped
    .filter((k) => k === "A!", { name: "join-filter" })
    .join(counts, (v, n) => `${v}:${n}`, joinWindows({ timeDifference: 5000, grace: 0 }), {
      ...text,
      otherValue: int64(),
      name: "join",
    })
    .to("joined", { ...text, name: "join-to" });
}

function lengths(_key: string, value: string, all: string): string {
  return cut(all + value.length);
}

/** Cases with topologies that optimizations change, and stores that are topics. */
export const optimizations: Readonly<Record<string, CaseTopology>> = {
  "merge-repartition-topics": everythingBelowOneKey,
  "merge-repartition-topics-off": everythingBelowOneKey,
  "merge-repartition-topics-partly": (builder) => {
    const retried = stream(builder, "other")
      .process((context: TextContext) => ({ process: (record) => context.forward(record) }))
      .groupByKey(text)
      .aggregate<string>(() => "", lengths, { value: string() })
      .suppress(Suppressed.untilTimeLimit(0))
      .toStream()
      .flatMap<string, Text>((_k, v) => [[initialOrNull(v), v]]);
    const ids = stream(builder, "ids")
      .flatMap((_k, v) => [[initialOrNull(v), v]])
      .peek(() => {})
      .groupByKey(text)
      .aggregate<string>(() => "", lengths, { value: string() });
    stream(builder)
      .peek(() => {})
      .mapValues(upper)
      .merge(retried)
      .leftJoin(ids, (v, row) => `${str(v)}+${str(row)}`, text)
      .to("output", text);
  },
  "merge-repartition-topics-generated": (builder) => {
    const table = builder.table("table", text);
    const rekeyed = keyed(builder);
    rekeyed.groupByKey(text).count().toStream().to("counts", numbers);
    rekeyed
      .filter((_k, v) => v !== null && v.length > 3)
      .groupByKey(text)
      .windowedBy(timeWindows({ size: 1000, grace: 500 }))
      .count()
      .toStream()
      .selectKey(wk)
      .to("windows", numbers);
    rekeyed.leftJoin(table, (v, row) => `${str(v)}+${str(row)}`, text).to("output", text);
    rekeyed.toTable(text).toStream().to("rows", text);
  },
  "merge-repartition-topics-of-merged-streams": (builder) => {
    const merged = initials(builder, "input", "A").merge(initials(builder, "other", "B"), { name: "mergedStream" });
    merged
      .groupByKey({ ...text, name: "long-groupByKey" })
      .count({ name: "long-count", store: "long-store" })
      .toStream({ name: "long-toStream" })
      .to("lengths", { ...numbers, name: "long-to" });
    merged
      .groupByKey({ ...text, name: "string-groupByKey" })
      .count({ name: "string-count", store: "string-store" })
      .toStream({ name: "string-toStream" })
      .mapValues((n) => String(n), { name: "string-mapValues" })
      .to("output", { ...text, name: "string-to" });
  },
  "merge-repartition-topics-kept": (builder) => {
    const input = stream(builder);
    const rekeyed = input.selectKey((_k, v) => initialOrNull(v));
    rekeyed
      .mapValues(upper)
      .groupByKey(text)
      .reduce((_a, v) => v)
      .toStream()
      .to("output", text);
    rekeyed.repartition(text).groupByKey(text).count().toStream().to("repartitioned", numbers);
    input
      .process((context: TextContext) => ({ process: (record) => context.forward(record) }))
      .groupByKey(text)
      .count()
      .toStream()
      .to("processed", numbers);
  },
  "self-join-of-merged-topics": (builder) => {
    const rekeyed = keyed(builder);
    const options = { ...text, otherValue: string(), name: "both" };
    rekeyed
      .join(rekeyed, (a, b) => `${str(a)}+${str(b)}`, joinWindows({ timeDifference: 500, grace: 60_000 }), options)
      .to("output", text);
  },
  "shared-group-topic": (builder) => {
    const group = stream(builder).groupBy((_k, v) => initialOrNull(v), { ...text, name: "group" });
    group.count().toStream().to("counts", numbers);
    const rows = builder.table("other", text).groupBy((_k, v) => [initial(v), v], { ...text, name: "rows" });
    rows.count().toStream().to("rows", numbers);
    stream(builder, "third").to("others", text);
    rows.reduce(
      (_a, v) => v,
      (a) => a,
    );
    group
      .reduce((a, v) => cut(str(a) + str(v)))
      .toStream()
      .to("output", text);
  },
  "reuse-table-source": (builder) => {
    const rows = builder.table("table", { ...text, store: "rows" });
    const both = rows.join(builder.table("other", text), (a, b) => `${str(a)}&${str(b)}`);
    stream(builder)
      .leftJoin(both, (v, row) => `${str(v)}+${str(row)}`, text)
      .to("output", text);
  },
  "global-store-of-processor": (builder) => {
    const rates = Stores.keyValue("rates", text);
    builder.addGlobalStore<string, Text>(rates, "changes", {
      ...text,
      supplier: (context) => {
        const store = context.getStateStore(rates);
        return { process: ({ key, value }) => store.put(key, value === null ? null : `${value}.`) };
      },
    });
    stream(builder)
      .process((context: TextContext) => {
        const store = context.getStateStore(rates);
        return {
          process: (record) =>
            context.forward(record.withValue(`${str(record.value)}@${str(store.get(record.key) ?? null)}`)),
        };
      })
      .to("output", text);
  },
  "read-only-store": (builder) => {
    const rows = Stores.timestampedKeyValue("rows", text);
    builder.addReadOnlyStateStore<string, Text>(rows, "rows", {
      ...text,
      source: "rows-source",
      name: "rows-writer",
      supplier: (context) => {
        const store = context.getStateStore(rows);
        return {
          process: ({ key, value, timestampMs }) => store.put(key, value === null ? null : { value, timestampMs }),
        };
      },
    });
    const source = builder.addSource<string, Text>("src", "input", text);
    const look = builder.addProcessor("look", {
      supplier: (context: TextContext) => {
        const store = context.getStateStore(rows);
        return {
          process: (record) =>
            context.forward(record.withValue(`${str(record.value)}@${str(store.get(record.key)?.value ?? null)}`)),
        };
      },
      parents: [source],
      stores: ["rows"],
    });
    builder.addSink("out", { topic: "output", parents: [look], ...text });
  },
};
