import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";

const text = { key: string(), value: string() };

function refuse(value: string, ...refused: readonly string[]): void {
  if (refused.includes(value)) throw new Error(value);
}

/** Cases with exception handlers that drop the record and continue. */
export const failures: Readonly<Record<string, CaseTopology>> = {
  "deserialization-continue": (builder) =>
    builder
      .stream("input", { key: string(), value: json<{ n: number }>() })
      .mapValues((v) => v.n)
      .groupByKey({ value: int64() })
      .reduce((a, v) => a + v, { store: "sums", value: int64() })
      .toStream()
      .to("output", { key: string(), value: int64() }),
  "processing-continue": (builder) => {
    const stream = builder.stream("input", text);
    stream
      .mapValues((v) => {
        refuse(v, "fig");
        return v.toUpperCase();
      })
      .to("output", text);
    stream
      .filter((_k, v) => {
        refuse(v, "eel");
        return true;
      })
      .mapValues((v) => v.length)
      .to("lengths", { key: string(), value: int64() });
  },
  "processing-continue-aggregate": (builder) =>
    builder
      .stream("input", text)
      .flatMapValues((v) => [v, `${v}2`])
      .groupByKey(text)
      .aggregate(
        () => "",
        (_k, v, a) => {
          refuse(v, "fig", "cat2");
          const first = v.charAt(0);
          return (a + (v.endsWith("2") ? first.toUpperCase() : first)).slice(-40);
        },
        { store: "aggregated", value: string() },
      )
      .toStream()
      .to("output", text),
};
