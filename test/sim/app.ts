import { defineApp, int64, string } from "../../lib/index.ts";

/** Two topologies in one: a count by key, and a sum by another key behind a repartition topic. */
export const simApp = defineApp({ id: "sim" }, (builder) => {
  const numbers = builder.stream("numbers", { key: string(), value: int64() });
  numbers.groupByKey().count({ store: "counts" }).toStream().to("counts-out");
  numbers
    .groupBy((_key, value) => `g${value % 5}`, { key: string() })
    .reduce((sum, value) => sum + value, { store: "sums" })
    .toStream()
    .to("sums-out");
});
