import { expect, test } from "vitest";
import { eventLine, startUpLines, statusLine } from "../../../lib/cli/start-lines.ts";
import { Terminal } from "../../../lib/cli/terminal.ts";
import { consoleState } from "../console/fake-console.ts";

const plain = new Terminal({ output: { write: () => undefined }, environment: {}, monotonicMs: () => 0 });

test("the first lines say where the page is, what runs and how to stop", () => {
  expect(startUpLines(plain, consoleState(), "http://127.0.0.1:8420/")).toEqual([
    "Millrace 0.0.0  stock-trades",
    "  page     http://127.0.0.1:8420/",
    "  log      embedded log",
    "  workers  run in this process",
    "  input    Generated, load factor 1",
    "  Ctrl-C drains and stops; the same command continues.",
    "",
  ]);
});

test.for([
  {
    name: "a partition whose lag is unknown makes the sum a lower bound",
    lagByPartition: [1_200, null],
    says: "lag ≥ 1,200",
  },
  { name: "no lag is known", lagByPartition: [null], says: "lag unknown" },
  { name: "all is known", lagByPartition: [0, 0], says: "lag 0" },
])("the status: $name", ({ lagByPartition, says }) => {
  const line = statusLine(plain, consoleState({ lagByPartition }));
  expect(line.split("  ")).toEqual([
    "running",
    "1 worker",
    "10/s in",
    "9/s processed",
    says,
    "difference –",
    "0 snapshots",
  ]);
});

test("a takeover lasts as a line, a snapshot does not", () => {
  const event = { number: 1, atMs: 0, text: "pin 2: w4 took over after 3.4 s" };
  expect(eventLine(plain, { ...event, kind: "takeover" })).toMatch(
    /^\d\d:\d\d:\d\d {2}pin 2: w4 took over after 3.4 s$/,
  );
  expect(eventLine(plain, { ...event, kind: "snapshot" })).toBeUndefined();
});
