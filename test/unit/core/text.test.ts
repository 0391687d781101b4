import { expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { latin1Text, utf8Text } from "../../../lib/core/byte-text.ts";

/** Texts of every length around the bounds of the loops, with a character that is no ASCII at every place. */
const texts = Array.from({ length: 36 }, (_, length) =>
  "abcdefghijklmnopqrstuvwxyz0123456789".slice(0, length),
).flatMap((text) => [
  text,
  ...["é", "€", "\u{1f600}", "\ud800", "\0"].flatMap((odd) => [`${odd}${text}`, `${text}${odd}`]),
]);

test.each(texts)("%j is written and read as Node does it", (text) => {
  const sink = new ByteSink(1);
  sink.utf8("-");
  sink.utf8(text);
  sink.utf8("-");
  const expected = Buffer.from(`-${text}-`);
  expect(sink.view()).toEqual(expected);
  expect(utf8Text(expected, 1, expected.length - 1)).toBe(expected.toString("utf8", 1, expected.length - 1));
  const latin1 = expected.toString("latin1", 1, expected.length - 1);
  expect(latin1Text(expected, 1, expected.length - 1)).toBe(latin1);
  sink.reset();
  sink.latin1(latin1);
  expect(sink.view()).toEqual(expected.subarray(1, -1));
});

test("bytes that are no UTF-8 are read as Node does it", () => {
  const bytes = Buffer.from([0x41, 0xff, 0x42, 0xc3]);
  expect(utf8Text(bytes, 0, 4)).toBe(bytes.toString());
});
