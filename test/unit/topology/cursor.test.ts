import { expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { Cursor, CursorRegisters } from "../../../lib/topology/cursor.ts";
import { OneRecord } from "../../support/one-record.ts";

const scratch = new ByteSink();

/** A string serde that counts its calls. */
function counting(): { serde: Serde<string>; calls: { read: number; write: number } } {
  const calls = { read: 0, write: 0 };
  const serde: Serde<string> = {
    id: "counting",
    write: (value, sink) => {
      calls.write++;
      sink.utf8(value);
    },
    read: (bytes, start, end) => {
      calls.read++;
      return bytes.utf8Slice(start, end);
    },
  };
  return { serde, calls };
}

function bound(
  key: string | null,
  value: string | null,
  serdes: { key?: Serde<unknown>; value?: Serde<unknown> } = {},
): Cursor {
  const cursor = new Cursor();
  const source = { topic: "in", partition: 2, keySerde: serdes.key ?? string(), valueSerde: serdes.value ?? string() };
  const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));
  cursor.bind(new OneRecord({ key: bytes(key), value: bytes(value), timestampMs: 1, offset: 9 }), 5, source);
  return cursor;
}

function written(write: (sink: ByteSink) => void): string {
  const sink = new ByteSink();
  write(sink);
  return sink.view().toString();
}

test("decodes key and value once, on first use", () => {
  const key = counting();
  const value = counting();
  const cursor = bound("k", "v", { key: key.serde, value: value.serde });
  expect([cursor.timestampMs, cursor.offset, cursor.topic, cursor.partition]).toEqual([5, 9, "in", 2]);
  expect([key.calls.read, value.calls.read]).toEqual([0, 0]);
  expect([cursor.key, cursor.key, cursor.value, cursor.value]).toEqual(["k", "k", "v", "v"]);
  expect([key.calls.read, value.calls.read]).toEqual([1, 1]);
});

test.for<[string | null, boolean]>([
  [null, true],
  ["", false],
  ["x", false],
])("tells whether %j is null without decoding", ([text, isNull]) => {
  const { serde, calls } = counting();
  const cursor = bound(text, text, { key: serde, value: serde });
  expect([cursor.keyIsNull, cursor.valueIsNull]).toEqual([isNull, isNull]);
  expect(calls.read).toBe(0);
});

test("copies bytes of what nobody touched", () => {
  const { serde, calls } = counting();
  const cursor = bound("k", "v", { key: serde, value: serde });
  expect(written((sink) => cursor.writeKey(serde, sink))).toBe("k");
  expect(written((sink) => cursor.writeValue(serde, sink))).toBe("v");
  expect(calls).toEqual({ read: 0, write: 0 });
});

test("writes what was set, and with another serde what was decoded", () => {
  const cursor = bound("k", "v");
  cursor.setKey("k2");
  cursor.setValue("v2");
  expect(written((sink) => cursor.writeKey(string(), sink))).toBe("k2");
  expect(written((sink) => cursor.writeValue(string(), sink))).toBe("v2");
  const upper: Serde<unknown> = { ...string(), write: (value, sink) => sink.utf8(String(value).toUpperCase()) };
  expect(written((sink) => bound("k", "v").writeValue(upper, sink))).toBe("V");
});

test("gives the key's bytes as text, from the source or encoded once", () => {
  const { serde, calls } = counting();
  const untouched = bound("é", "v", { key: serde });
  expect(untouched.keyText(serde, scratch)).toBe("Ã©");
  expect(calls.write).toBe(0);
  untouched.setKey("é");
  expect([untouched.keyText(serde, scratch), untouched.keyText(serde, scratch)]).toEqual(["Ã©", "Ã©"]);
  expect(calls.write).toBe(1);
  expect(written((sink) => untouched.writeKey(serde, sink))).toBe("é");
  expect(calls.write).toBe(1);
});

test("forgets the key's text when the key changes", () => {
  const cursor = bound("a", "v");
  expect(cursor.keyText(string(), scratch)).toBe("a");
  cursor.setKey("b");
  expect(cursor.keyText(string(), scratch)).toBe("b");
});

test("forgets the old value when a plain value is set", () => {
  const cursor = bound("k", "v");
  cursor.setChange("new", "old");
  expect([cursor.value, cursor.oldValue, cursor.hasOldValue]).toEqual(["new", "old", true]);
  cursor.setValue("plain");
  expect([cursor.value, cursor.oldValue, cursor.hasOldValue]).toEqual(["plain", null, false]);
});

test("registers give back everything that an operator below can change", () => {
  const cursor = bound("k", "v");
  const registers = new CursorRegisters();
  registers.save(cursor);
  cursor.setKey(1);
  cursor.setChange(2, 3);
  cursor.setHeaders([{ key: "h", value: null }]);
  cursor.timestampMs = 99;
  registers.restore(cursor);
  expect([cursor.key, cursor.value, cursor.oldValue, cursor.hasOldValue]).toEqual(["k", "v", null, false]);
  expect([cursor.headers, cursor.timestampMs]).toEqual([[], 5]);
});

test("names the part, the place and the serde of what it cannot decode", () => {
  const cursor = bound("k", "no int64", { value: int64() });
  expect(() => cursor.value).toThrow(
    expect.objectContaining({
      code: "DESERIALIZATION_FAILED",
      message: expect.stringContaining("the value of in-2@9 is not int64"),
    }),
  );
});
