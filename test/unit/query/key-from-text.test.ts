import { expect, test } from "vitest";
import { StreamError } from "../../../lib/core/errors.ts";
import { keyFromText } from "../../../lib/query/key-from-text.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";

const textual = { keySerde: string() as Serde<unknown> };
const whole = { keySerde: int64() as Serde<unknown> };
const structured = { keySerde: json() as Serde<unknown> };

test.for([
  ["AAPL", textual, "AAPL"],
  ["42", textual, "42"],
  ["42", whole, 42],
  ['{"a":1}', structured, { a: 1 }],
  ['"AAPL"', structured, "AAPL"],
] as const)("reads %s as the key that the store has", ([text, spec, key]) => {
  expect(keyFromText(text, spec)).toEqual(key);
});

test("says how to write a key that is not text", () => {
  const read = () => keyFromText("AAPL", whole);
  expect(read).toThrow(StreamError);
  expect(read).toThrow('QUERY_INVALID: keys are int64: write one as JSON, not as "AAPL"');
});
