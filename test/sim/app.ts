import { defineApp, int64, string } from "../../lib/index.ts";

/** Takes a few turns of the event loop, so that calls end in another order than they began. */
async function checked(value: number): Promise<number> {
  for (let turns = value % 7; turns > 0; turns--) await undefined;
  return value;
}

/** Two topologies in one: a count by key, and a sum by another key behind a repartition topic. Both behind asynchronous calls. */
export const simApp = defineApp({ id: "sim" }, (builder) => {
  const numbers = builder
    .stream("numbers", { key: string(), value: int64() })
    .mapValuesAsync(checked, { concurrency: 5 });
  numbers.groupByKey({ value: int64() }).count({ store: "counts" }).toStream().to("counts-out");
  numbers
    .groupBy((_key, value) => `g${value % 5}`, { key: string(), value: int64() })
    .reduce((sum, value) => sum + value, { store: "sums" })
    .toStream()
    .to("sums-out");
});
