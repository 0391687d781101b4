import { expect, test } from "vitest";
import { defineApp } from "../../../lib/dsl/app.ts";
import { Stores } from "../../../lib/dsl/stores.ts";
import type { ProcessorContext } from "../../../lib/operators/processing-context.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import { startEmbedded } from "../../../lib/testing/start-embedded.ts";
import { TopologyTestDriver } from "../../../lib/testing/topology-test-driver.ts";

const text = { key: string(), value: string() };
const totals = Stores.keyValue("totals", { key: string(), value: int64() });

/** Sums a topic under one key, whatever the partition, and answers every record with the sum. */
const app = defineApp({ id: "totals" }, (builder) => {
  builder.addGlobalStore(totals, "amounts", {
    key: string(),
    value: int64(),
    supplier: (context) => {
      const store = context.getStateStore(totals);
      return { process: ({ value }) => store.put("all", (store.get("all") ?? 0) + value) };
    },
  });
  builder
    .stream("in", text)
    .process((context: ProcessorContext<string, string>) => ({
      process: (record) => context.forward(record.withValue(`${context.getStateStore(totals).get("all")}`)),
    }))
    .to("out", text);
});

const amounts = (...values: readonly number[]) => values.map((value, at) => ({ key: `k${at}`, value, timestampMs: 1 }));

test("a worker has processed all of the topic before its pins run, and so has the next one, from the start", async () => {
  await using running = await startEmbedded({ app, topics: { in: 2, amounts: 3 } });
  const asked = async (key: string): Promise<unknown> => {
    await running.write("in", [{ key, value: "?", timestampMs: 1 }]);
    await running.caughtUp();
    return (await running.read<string, string>("out")).find((record) => record.key === key)?.value;
  };
  await running.write("amounts", amounts(1, 2, 3, 4, 5, 6));
  expect(await asked("first")).toBe("21");
  const [worker = ""] = await running.platform.launcher.list();
  await running.platform.launcher.kill(worker);
  await running.write("amounts", amounts(100));
  expect(await asked("second")).toBe("121");
});

test("a test driver runs it too", () => {
  const driver = new TopologyTestDriver(app);
  driver.createInputTopic<string, number>("amounts").pipeInput("a", 7);
  driver.createInputTopic<string, string>("in").pipeInput("k", "?");
  expect(driver.createOutputTopic<string, string>("out").readRecord()?.value).toBe("7");
  expect(driver.keyValueRows("totals")).toMatchObject([{ key: "all", value: 7 }]);
});
