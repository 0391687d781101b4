import { describe, expect, test } from "vitest";
import { Audit, type TableRow } from "../../../examples/stock-trade-stats/expected/audit.ts";
import type { Trade } from "../../../examples/stock-trade-stats/inputs/trade-source.ts";

const trade = (timestampMs: number, price = 10): Trade => ({
  ticker: "AAPL",
  price,
  size: 1,
  timestampMs,
  partition: 0,
});
const row = (windowStartMs: number, count: number, sum: number): TableRow => ({
  ticker: "AAPL",
  windowStartMs,
  count,
  min: 10,
  sum,
});

describe("compare", () => {
  const reached = (): Audit => {
    const audit = new Audit();
    audit.appended(trade(0), 0);
    audit.appended(trade(0), 1);
    audit.appended(trade(1_000), 2);
    audit.reach(0, 2);
    return audit;
  };

  test("counts only trades below the position of the answer, so lag is no difference", () => {
    const audit = reached();
    expect(audit.compare(0, [row(0, 2, 20)])).toEqual({
      rows: 1,
      rowsDiffering: 0,
      tableCount: 2,
      expectedCount: 2,
      difference: 0,
      examples: [],
    });
    expect(audit.waitingRecords).toBe(1);
  });

  test.for([
    { name: "a trade counted twice", table: [row(0, 3, 30)], difference: 1, rowsDiffering: 1 },
    { name: "a lost trade", table: [row(0, 1, 10)], difference: 1, rowsDiffering: 1 },
    { name: "a missing row", table: [], difference: 2, rowsDiffering: 1 },
    {
      name: "a row that must not be there",
      table: [row(0, 2, 20), row(9_000, 4, 40)],
      difference: 4,
      rowsDiffering: 1,
    },
    { name: "a wrong sum with a right count", table: [row(0, 2, 19)], difference: 0, rowsDiffering: 1 },
    {
      name: "errors that would cancel out",
      table: [row(0, 1, 10), row(9_000, 1, 10)],
      difference: 2,
      rowsDiffering: 2,
    },
  ])("notices $name", ({ table, difference, rowsDiffering }) => {
    const found = reached().compare(0, table);
    expect({ difference: found.difference, rowsDiffering: found.rowsDiffering }).toEqual({ difference, rowsDiffering });
    expect(found.examples).toHaveLength(rowsDiffering);
  });
});

test("an answer older than the fold is behind and changes nothing", () => {
  const audit = new Audit();
  audit.appended(trade(0), 0);
  expect(audit.reach(0, 1)).toBe("reached");
  expect(audit.reach(0, 0)).toBe("behind");
  expect(audit.totals().records).toBe(1);
});

test("has no room when too many trades wait for the table", () => {
  const audit = new Audit({ waitingMax: 2 });
  audit.appended(trade(0), 0);
  expect(audit.hasRoom).toBe(true);
  audit.appended(trade(0), 4);
  expect(audit.hasRoom).toBe(false);
  audit.reach(0, 5);
  expect(audit.hasRoom).toBe(true);
});

test("passes over trades that it read before a restart", () => {
  const before = new Audit();
  for (let offset = 0; offset < 5_000; offset += 1) before.appended(trade(offset), offset);
  before.reach(0, 3_000);
  const after = new Audit({ saved: JSON.parse(JSON.stringify(before.save())) });
  for (let offset = 0; offset < 5_000; offset += 1) after.appended(trade(offset), offset);
  expect(after.waitingRecords).toBe(2_000);
  before.reach(0, 5_000);
  after.reach(0, 5_000);
  expect(after.save()).toEqual(before.save());
});

test("trades of an aborted transaction are withdrawn", () => {
  const audit = new Audit();
  for (const offset of [0, 1, 2, 3]) audit.appended(trade(0), offset);
  audit.reach(0, 1);
  audit.withdraw(0, 2);
  expect(audit.waitingRecords).toBe(1);
  audit.appended(trade(0), 5);
  audit.reach(0, 6);
  expect(audit.totals().records).toBe(3);
  audit.withdraw(1, 0);
});
