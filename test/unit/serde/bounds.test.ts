import { expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { changed } from "../../../lib/serde/changed.ts";
import { foreignAnswer, instructions, subscription } from "../../../lib/serde/foreign-key.ts";
import { joinSideKey, joinSideList } from "../../../lib/serde/join-side.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { sessionWindowed, timeWindowed } from "../../../lib/serde/windowed.ts";

/** What lies before and after: bytes that mean something to every format. */
const NEIGHBOURS = [0x00, 0x01, 0x02, 0x05, 0x80, 0xff];

let bounds = { start: 0, end: 0 };
let outside: string[] = [];

/** A value inside of another format; it says where it was told to read. */
const inner: Serde<unknown> = {
  id: "inner",
  write: (value, sink) => sink.utf8(value as string),
  read(bytes, start, end) {
    if (start < bounds.start || end > bounds.end || start > end) outside.push(`${start} to ${end}`);
    return bytes.utf8Slice(start, end);
  },
};

const window = { startMs: 5, endMs: 9 };
const hash = "0123456789abcdef";

function written<T>(serde: Serde<T>, value: T): readonly [string, Serde<unknown>, Buffer] {
  const sink = new ByteSink();
  serde.write(value, sink);
  return [serde.id, serde as Serde<unknown>, Buffer.from(sink.view())];
}

test.for([
  written(changed(inner), { newValue: "new", oldValue: "old" }),
  written(changed(inner), { newValue: "new", oldValue: null }),
  written(subscription, { instruction: instructions.answerAlways, hash, primaryKeyText: "key", primaryPartition: 3 }),
  written(foreignAnswer(inner), { hash, value: "value" }),
  written(joinSideKey(inner), { timestampMs: 5, left: true, key: "key" }),
  written(joinSideList(inner, inner), [
    { left: true, value: "one" },
    { left: false, value: "two" },
  ]),
  written(timeWindowed(inner, 5), { key: "key", window }),
  written(sessionWindowed(inner), { key: "key", window }),
])("%s that is cut off is refused or read, but never beyond its bytes", ([, serde, whole]) => {
  const lengths = Array.from({ length: whole.length }, (_, length) => length);
  const found = lengths.flatMap((length) =>
    NEIGHBOURS.flatMap((neighbour) => {
      outside = [];
      const bytes = Buffer.alloc(length + 40, neighbour);
      whole.copy(bytes, 20, 0, length);
      bounds = { start: 20, end: 20 + length };
      try {
        serde.read(bytes, bounds.start, bounds.end);
      } catch {
        return [];
      }
      return outside.map((range) => `${length} bytes among ${neighbour}: ${range}`);
    }),
  );
  expect(found).toEqual([]);
});
