import { describe, expect, test } from "vitest";
import { fitTo, Terminal, tableLines, widthOf } from "../../../lib/cli/terminal.ts";

const CLEAR = "\r\u001b[2K";

function terminal(more: { isTTY?: boolean; columns?: number; environment?: Record<string, string> } = {}) {
  const written: string[] = [];
  const time = { ms: 0 };
  const made = new Terminal({
    output: { write: (text) => written.push(text), isTTY: more.isTTY ?? false, columns: more.columns ?? 40 },
    environment: more.environment ?? {},
    monotonicMs: () => time.ms,
  });
  return { terminal: made, written, time };
}

describe("colours and the live line", () => {
  test.for([
    { name: "a terminal", isTTY: true, environment: {}, live: true, colours: true },
    { name: "a file", isTTY: false, environment: {}, live: false, colours: false },
    { name: "NO_COLOR", isTTY: true, environment: { NO_COLOR: "1" }, live: true, colours: false },
    { name: "an empty NO_COLOR", isTTY: true, environment: { NO_COLOR: "" }, live: true, colours: true },
    { name: "a dumb terminal", isTTY: true, environment: { TERM: "dumb" }, live: false, colours: false },
    { name: "a terminal in CI", isTTY: true, environment: { CI: "true" }, live: false, colours: true },
  ])("$name: live $live, colours $colours", ({ isTTY, environment, live, colours }) => {
    const made = terminal({ isTTY, environment }).terminal;
    expect({ live: made.live, colours: made.colours }).toEqual({ live, colours });
    expect(made.paint("bad", "x")).toBe(colours ? "\u001b[31mx\u001b[39m" : "x");
  });
});

test("a lasting line goes above the live status", () => {
  const { terminal: made, written } = terminal({ isTTY: true });
  made.status("1 worker");
  made.line("w1 killed");
  made.clearStatus();
  expect(written).toEqual([`${CLEAR}1 worker`, `${CLEAR}w1 killed\n1 worker`, CLEAR]);
});

test("a status that did not change is not written again, and one that is too long is cut", () => {
  const { terminal: made, written } = terminal({ isTTY: true, columns: 10 });
  made.status("0123456789");
  made.status("0123456789");
  expect(written).toEqual([`${CLEAR}01234567…`]);
});

test("without a terminal the status is a plain line every ten seconds", () => {
  const { terminal: made, written, time } = terminal();
  for (const ms of [0, 500, 9_999, 10_000, 10_500]) {
    time.ms = ms;
    made.status(`at ${ms}`);
  }
  made.line("done");
  expect(written).toEqual(["at 0\n", "at 10000\n", "done\n"]);
});

test("cutting keeps colours whole and counts only what is seen", () => {
  const text = "\u001b[32mready\u001b[39m and more";
  expect(widthOf(text)).toBe(14);
  expect(fitTo(text, 14)).toBe(text);
  expect(fitTo(text, 4)).toBe("\u001b[32mrea\u001b[39m…");
});

test("a table is as wide as its cells; numbers are set to the right", () => {
  expect(
    tableLines([
      ["pin", "owner", "lag"],
      ["0", "\u001b[32mw1\u001b[39m", "7"],
      ["11", "worker-2", "1,204"],
    ]),
  ).toEqual(["pin  owner       lag", "  0  \u001b[32mw1\u001b[39m            7", " 11  worker-2  1,204"]);
  expect(tableLines([])).toEqual([]);
});
