import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { changed } from "../../../lib/serde/changed.ts";
import { string } from "../../../lib/serde/string.ts";

interface Sample {
  readonly newValue: string | null;
  readonly oldValue: string | null;
  readonly hex: string;
}

const golden = new URL("../../golden/serde/changed.json", import.meta.url);
const recorded = JSON.parse(readFileSync(golden, "utf8")) as {
  readonly changed: readonly Sample[];
  readonly changedDeserialize: readonly Sample[];
};
const serde = changed(string());

test.for(recorded.changed)("writes a change as Kafka does: $hex", ({ newValue, oldValue, hex }) => {
  const sink = new ByteSink(4);
  sink.uint8(7);
  serde.write({ newValue, oldValue }, sink);
  expect(sink.view().toString("hex")).toBe(`07${hex}`);
});

test.for([...recorded.changed, ...recorded.changedDeserialize])(
  "reads a change as Kafka does: $hex",
  ({ newValue, oldValue, hex }) => {
    const bytes = Buffer.from(`07${hex}07`, "hex");
    expect(serde.read(bytes, 1, bytes.length - 1)).toEqual({ newValue, oldValue });
  },
);

test("refuses a change without values, and bytes that are none", () => {
  expect(() => serde.write({ newValue: null, oldValue: null }, new ByteSink())).toThrow(
    expect.objectContaining({ code: "SERIALIZATION_FAILED" }),
  );
  for (const hex of ["", "41", "4109"]) {
    const bytes = Buffer.from(hex, "hex");
    expect(() => serde.read(bytes, 0, bytes.length)).toThrow(
      expect.objectContaining({ code: "DESERIALIZATION_FAILED" }),
    );
  }
});

test("says what is inside", () => {
  expect(serde.id).toBe("changed(string)");
});
