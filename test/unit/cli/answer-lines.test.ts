import { expect, test } from "vitest";
import { answerLines } from "../../../lib/cli/answer-lines.ts";
import { Terminal } from "../../../lib/cli/terminal.ts";

test("an unlimited window ends with time, of which no calendar has a day", () => {
  const terminal = new Terminal({ output: { write: () => true }, environment: {}, monotonicMs: () => 0 });
  const facts = {
    freshness: "committed",
    pin: 0,
    partition: 0,
    position: {},
    snapshotVersion: 3,
    tailRecords: 0,
  } as const;
  const row = { key: "A", value: 7, timestampMs: 5, windowStartMs: 0, windowEndMs: Number.MAX_SAFE_INTEGER };
  expect(answerLines(terminal, { kind: "windows", rows: [row], ...facts }).slice(0, 2)).toEqual([
    "key  window start              window end   value  time",
    "A    1970-01-01T00:00:00.000Z  end of time      7  1970-01-01T00:00:00.005Z",
  ]);
});
