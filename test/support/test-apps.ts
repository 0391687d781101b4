import { defineApp, int64, joinWindows, string, timeWindowed, timeWindows } from "../../lib/index.ts";

/** Counts records by key: one input, one store. */
export const countApp = defineApp({ id: "app" }, (builder) => {
  builder.stream("in", { key: string(), value: string() }).groupByKey().count({ store: "counts" }).toStream().to("out");
});

/** Counts records of two topics by key and window: two inputs that are merged by time, an operator's clock. */
export const mergeApp = defineApp({ id: "merge" }, (builder) => {
  const left = builder.stream("left", { key: string(), value: string() });
  const right = builder.stream("right", { key: string(), value: string() });
  left
    .merge(right)
    .groupByKey()
    .windowedBy(timeWindows({ size: "1s", grace: "0s" }))
    .count({ store: "per-second" })
    .toStream()
    .to("out", { key: timeWindowed(string(), "1s"), value: int64() });
});

/** Joins two topics, and waits for matches on both sides: join windows, waiting records, clocks that two nodes share. */
export const outerJoinApp = defineApp({ id: "outer-join" }, (builder) => {
  const left = builder.stream("left", { key: string(), value: string() });
  const right = builder.stream("right", { key: string(), value: string() });
  left
    .outerJoin(right, (l, r) => `${l}+${r}`, joinWindows({ before: "1s", after: "500ms", grace: "200ms" }))
    .to("out", { value: string() });
});

/** A repartition in between, and a source that starts at its end. */
export const repartitionApp = defineApp({ id: "rep" }, (builder) => {
  builder
    .stream("in", { key: string(), value: string(), offsetReset: "latest" })
    .groupBy((_key, value) => value, { key: string() })
    .count({ store: "by-value" })
    .toStream()
    .to("out");
});
