import { expect, test } from "vitest";
import { defineApp } from "../../../lib/dsl/app.ts";
import type { ProcessorContext } from "../../../lib/operators/processing-context.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { PinScene } from "../../support/pin-scene.ts";

/** Made anew for long, then changed in place. */
const LATE = 70;

interface Count {
  n: number;
}

/** Sums up counts below their table, under a processor that may catch what its forward throws. */
const appOf = (catches: boolean) =>
  defineApp({ id: "app" }, (builder) => {
    builder
      .stream("in", { key: string(), value: string() })
      .process((context: ProcessorContext<string, string>) => ({
        process: (record) => {
          try {
            context.forward(record);
          } catch (error) {
            if (!catches) throw error;
          }
        },
      }))
      .groupByKey({ key: string(), value: string() })
      .aggregate(
        (): Count => ({ n: 0 }),
        (_key, _value, count) => {
          if (count.n < LATE) return { n: count.n + 1 };
          count.n++;
          return count;
        },
        { store: "counts", value: json<Count>() },
      )
      .groupBy((_key, { n }) => ["all", n], { key: string(), value: int64() })
      .reduce(
        (sum, n) => sum + n,
        (sum, n) => sum - n,
        { store: "sum" },
      )
      .toStream()
      .to("out");
  });

test.for([false, true])(
  "a function that changes its aggregate in place after it made new ones costs one transaction and no result, caught: %s",
  async (catches) => {
    const at = await PinScene.open({ app: appOf(catches), partitions: 1 });
    const one = (timestampMs: number) => ({ key: "a", value: "x", timestampMs });
    await at.write(
      "in",
      0,
      Array.from({ length: LATE - 5 }, (_, index) => one(index)),
    );
    const pin = await at.startPin(0, at.environment("w1").environment).untilRunning();
    await pin.untilCaughtUp();
    await at.write(
      "in",
      0,
      Array.from({ length: 10 }, (_, index) => one(LATE + index)),
    );
    await pin.untilCaughtUp();
    expect(at.logged("transaction-retried")).toEqual([
      expect.objectContaining({ pin: 0, reason: expect.stringContaining("counts in place") }),
    ]);
    await pin.drained();
    const sums = (await at.read("out")).map(({ value }) => Number(value?.readBigInt64BE()));
    expect(sums.at(-1)).toBe(LATE + 5);
    expect(sums.filter((sum, index) => sum < (sums[index - 1] ?? 0))).toEqual([]);
  },
);
