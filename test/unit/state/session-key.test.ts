import { expect, test } from "vitest";
import {
  isSessionKey,
  keyOfSessionKey,
  sessionEndOf,
  sessionKey,
  sessionStartOf,
} from "../../../lib/state/session-key.ts";

test.for([
  { key: "", startMs: 0, endMs: 0, hex: "00000000000000000000000000000000" },
  { key: "A", startMs: 5_000, endMs: 7_000, hex: "410000000000001b580000000000001388" },
  { key: "\u00ff", startMs: 1_700_000_000_000, endMs: 1_700_000_000_001, hex: "ff0000018bcfe568010000018bcfe56800" },
])("the session of '$key' from $startMs to $endMs ms has Kafka Streams' bytes and reads back", (row) => {
  const { key, startMs, endMs, hex } = row;
  const text = sessionKey(key, startMs, endMs);
  expect(Buffer.from(text, "latin1").toString("hex")).toBe(hex);
  expect([keyOfSessionKey(text), sessionStartOf(text), sessionEndOf(text)]).toEqual([key, startMs, endMs]);
});

test.for([
  { length: 15, want: false },
  { length: 16, want: true },
])("a text of $length bytes can be a session key: $want", ({ length, want }) => {
  expect(isSessionKey("x".repeat(length))).toBe(want);
});
