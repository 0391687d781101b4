import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import { timeWindowed } from "../../../lib/serde/windowed.ts";

interface Sample {
  readonly key?: string;
  readonly int64Key?: number;
  readonly start: number | string;
  readonly end: number | string;
  readonly hex: string;
  readonly changelog?: boolean;
}

const golden = new URL("../../golden/serde/time-windowed.json", import.meta.url);
const recorded = JSON.parse(readFileSync(golden, "utf8")) as {
  readonly timeWindowed: readonly Sample[];
  readonly timeWindowedDeserialize: readonly Sample[];
};
// Starts that a double cannot hold are text in the file; they are refused, see below.
const exact = (sample: Sample): boolean => typeof sample.start === "number";
const serde = timeWindowed(string(), "1s");

test.for(recorded.timeWindowed.filter(exact))("writes $key$int64Key@$start as Kafka does", (sample) => {
  const sink = new ByteSink();
  const window = { startMs: Number(sample.start), endMs: Number(sample.end) };
  if (sample.key !== undefined) serde.write({ key: sample.key, window }, sink);
  else timeWindowed(int64(), "1s").write({ key: sample.int64Key ?? 0, window }, sink);
  expect(sink.view().toString("hex")).toBe(sample.hex);
});

test.for(recorded.timeWindowedDeserialize.filter((sample) => exact(sample) && sample.changelog === false))(
  "reads $hex as Kafka does",
  (sample) => {
    const bytes = Buffer.from(sample.hex, "hex");
    expect(serde.read(bytes, 0, bytes.length)).toEqual({
      key: sample.key,
      window: { startMs: sample.start, endMs: Number(sample.end) },
    });
  },
);

test("refuses a start that a number cannot hold, and bytes too short for one", () => {
  const late = Buffer.from("417ffffffffffffffe", "hex");
  expect(() => serde.read(late, 0, late.length)).toThrow(expect.objectContaining({ code: "DESERIALIZATION_FAILED" }));
  expect(() => serde.read(late, 0, 7)).toThrow(expect.objectContaining({ code: "DESERIALIZATION_FAILED" }));
});

test("says what it is: inner serde, size, and the suffix that partitioning leaves out", () => {
  expect(serde).toMatchObject({ id: "time-windowed(string,1000)", unpartitionedSuffixBytes: 8 });
});
