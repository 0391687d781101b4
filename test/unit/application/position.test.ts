import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  decodePosition,
  encodePosition,
  type Position,
  positionRecordKey,
  positionsTopic,
} from "../../../lib/application/position.ts";

/** What `position-v1.json` holds. */
const golden: Position = {
  pin: 3,
  epoch: 7,
  transaction: 1_204,
  inputs: { "trades:3": 1_099_511_627_776, "stock-trades-by-venue-repartition:3": 0 },
  changelogs: { "stock-trades-trade-stats-changelog:3": 88_412 },
  partitionTimes: { "trades:3": 1_795_000_004_999, "stock-trades-by-venue-repartition:3": -1 },
  clocks: { "s0_3/trade-stats/stream-time": 1_795_000_004_999 },
  storeTimes: { "s0_3/trade-stats": 1_795_000_000_000 },
};
const file = readFileSync(new URL("../../golden/position/position-v1.json", import.meta.url));

describe("a position record", () => {
  test("is written as it always was", () => {
    expect(encodePosition(golden).toString("utf8")).toBe(file.toString("utf8"));
  });

  test("of format 1 is read for ever, also from the middle of a buffer", () => {
    expect(decodePosition(file)).toEqual(golden);
    const inside = Buffer.concat([Buffer.from("xx"), file, Buffer.from("yy")]);
    expect(decodePosition(inside.subarray(2, 2 + file.length))).toEqual(golden);
  });

  test("has its pin as key, and a topic of its own", () => {
    expect([positionRecordKey(12).toString("latin1"), positionsTopic("stock-trades")]).toEqual([
      "12",
      "stock-trades-positions",
    ]);
  });

  test.for([
    ["a newer format", '{"format":2,"pin":0}', "SCHEMA_UNKNOWN"],
    ["no format", "{}", "SCHEMA_UNKNOWN"],
    ["no JSON", "not ours", "INVARIANT_BROKEN"],
    ["nothing", "", "INVARIANT_BROKEN"],
  ] as const)("with %s is %s", ([, text, code]) => {
    expect(() => decodePosition(Buffer.from(text))).toThrow(expect.objectContaining({ code }));
  });

  test("of a newer version says which versions can read it", () => {
    expect(() => decodePosition(Buffer.from('{"format":9}'))).toThrow(/format 9 .*knows 1.*deploy/);
  });
});
