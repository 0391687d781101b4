import { beforeEach, describe, expect, test } from "vitest";
import { createMemoryBroker } from "../../../lib/adapters/memory/log/broker.ts";
import { systemClock, systemRandom } from "../../../lib/adapters/system/clock.ts";
import type { Position } from "../../../lib/application/position.ts";
import type { Log } from "../../../lib/ports/log.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import { ChangelogFold, rowDifferences, unexpired } from "../../support/oracle/changelog.ts";
import { expectedLots, lotCountViolations, lotSumViolations } from "../../support/oracle/lot-checks.ts";
import { corrects, positionViolations } from "../../support/oracle/positions.ts";
import { stockOutputViolations } from "../../support/oracle/stock-checks.ts";
import { ExpectedUpdates } from "../../support/oracle/stock-stats.ts";
import { type FedTrade, inputViolations } from "../../support/oracle/trades.ts";

const trade = (size: number, changes: Partial<FedTrade> = {}): FedTrade => ({
  partition: 0,
  offset: size,
  ticker: "AAPL",
  price: 10 + size,
  size,
  timestampMs: 5_000 + size,
  ...changes,
});
const trades = [[trade(1), trade(2), trade(3)]];

describe("the check of the input", () => {
  const know = (serials: number[], outcome: "committed" | "aborted" | "unknown") => ({ serials, outcome });
  test.for<[string, readonly ReturnType<typeof know>[], RegExp | undefined]>([
    ["passes what its producers committed", [know([1, 2, 3], "committed"), know([4], "aborted")], undefined],
    ["passes what is there as a whole or not at all", [know([1, 2, 3], "unknown"), know([4, 5], "unknown")], undefined],
    ["finds a lost record", [know([1, 2, 3, 4], "committed")], /committed .* 1 are missing/],
    ["finds an aborted record", [know([1, 2], "committed"), know([3], "aborted")], /aborted .* 1 are in the input/],
    ["finds a torn transaction", [know([1, 2], "committed"), know([3, 4], "unknown")], /torn .* 1 of 2/],
    ["finds a record from nowhere", [know([1, 2], "committed")], /trade 3 .* never written/],
  ])("%s", ([, transactions, expected]) => {
    const found = inputViolations(trades, transactions);
    if (expected === undefined) expect(found).toEqual([]);
    else expect(found.join()).toMatch(expected);
  });

  test("finds a doubled record", () => {
    const doubled = [[...(trades[0] ?? []), trade(3, { offset: 9 })]];
    expect(inputViolations(doubled, [know([1, 2, 3], "committed")]).join()).toMatch(/trade 3 is in the input twice/);
  });
});

describe("the check of positions", () => {
  const position = (transaction: number, changes: Partial<Position> = {}): Position => ({
    pin: 0,
    epoch: 1,
    transaction,
    inputs: { "in:0": transaction },
    changelogs: {},
    partitionTimes: {},
    clocks: {},
    storeTimes: {},
    ...changes,
  });
  test.for<[string, readonly Position[], RegExp | undefined]>([
    ["passes contiguous ones", [position(1), position(2, { epoch: 3 })], undefined],
    ["finds a doubled transaction", [position(1), position(1)], /I3: pin 0 transaction 1 follows 1/],
    ["finds a gap", [position(1), position(3)], /I3: pin 0 transaction 3 follows 1/],
    ["finds an epoch that goes down", [position(1, { epoch: 2 }), position(2)], /I2: .* epoch 1 after 2/],
    ["finds an input that goes back", [position(1, { inputs: { "in:0": 9 } }), position(2)], /in:0 goes from 9 to 2/],
    ["finds an input that is not named", [position(1, { inputs: {} })], /does not say where in:0 is/],
    ["finds a pin that never committed", [], /never committed/],
  ])("%s", ([, positions, expected]) => {
    const found = positionViolations(0, positions, ["in:0"]);
    if (expected === undefined) expect(found).toEqual([]);
    else expect(found.join()).toMatch(expected);
  });

  test("a position that its transaction wrote again with other ends of changelogs is corrected, and no other", () => {
    const guess = position(2, { changelogs: { "c:0": 5 } });
    expect(corrects(position(2, { changelogs: { "c:0": 6 } }), guess)).toBe(true);
    expect(corrects(position(2, { changelogs: { "c:0": 5 } }), guess)).toBe(false);
    expect(corrects(position(3, { changelogs: { "c:0": 6 } }), guess)).toBe(false);
    expect(corrects(position(2, { changelogs: { "c:0": 6 }, inputs: { "in:0": 99 } }), guess)).toBe(false);
    expect(corrects(position(1), undefined)).toBe(false);
  });
});

describe("the fold of a changelog", () => {
  const row = (offset: number, keyText: string, text: string | undefined) => ({ offset, keyText, text });
  test("holds the newest row below an offset, and no deleted one", () => {
    const fold = new ChangelogFold([row(0, "a", "1"), row(2, "b", "1"), row(3, "a", undefined)]);
    expect([...fold.upTo(3)]).toEqual([
      ["a", "1"],
      ["b", "1"],
    ]);
    expect([...fold.upTo(9)]).toEqual([["b", "1"]]);
  });

  test("names every row that differs", () => {
    const held = new Map([
      ["a", "1"],
      ["b", "2"],
      ["c", "3"],
    ]);
    const expected = new Map([
      ["a", "1"],
      ["b", "9"],
      ["d", "4"],
    ]);
    expect([...rowDifferences(held, expected)]).toEqual([
      "b is 2, expected 9",
      "d is absent, expected 4",
      "c is 3, expected none",
    ]);
  });

  test("leaves out windows that start at or below stream time minus retention", () => {
    const start = (ms: number) => `k${String.fromCharCode(0, 0, 0, 0, 0, 0, ms >> 8, ms & 255, 0, 0, 0, 0)}`;
    const rows = new Map([
      [start(1_000), "x"],
      [start(1_001), "y"],
      [start(7_000), "z"],
    ]);
    expect([...unexpired(rows, 6_000).values()]).toEqual(["y", "z"]);
  });
});

describe("the checks of outputs", () => {
  let log: Log;
  beforeEach(async () => {
    log = createMemoryBroker({ clock: systemClock, random: systemRandom }).connect({ clientId: "oracle" });
    await log.createTopics([{ name: "out", partitions: 1, replicas: 1, configs: {} }]);
  });

  async function write(records: readonly { key: Buffer; value: Buffer; timestampMs?: number }[]): Promise<void> {
    const transactor = await log.transactor({ transactionalId: "t", transactionTimeoutMs: 5_000, deadlineMs: 5_000 });
    const writer = new RecordWriter();
    for (const { key, value, timestampMs = 0 } of records) writer.append(timestampMs, key, value);
    transactor.begin();
    await transactor.send([{ topic: "out", partition: 0, records: writer }]);
    await transactor.commit();
  }

  const int64 = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt(value));
    return bytes;
  };

  const updates = () => {
    const expected = new ExpectedUpdates(0);
    return (trades[0] ?? [])
      .flatMap((each) => expected.add(each))
      .map(({ ticker, windowStartMs, timestampMs, ...stats }) => ({
        key: Buffer.concat([Buffer.from(ticker), int64(windowStartMs)]),
        value: Buffer.from(
          JSON.stringify({ count: stats.count, min: stats.min, sum: stats.sum, average: stats.sum / stats.count }),
        ),
        timestampMs,
      }));
  };

  test("pass every update in order, and find a lost, a doubled and a changed one", async () => {
    const all = updates();
    expect(all).toHaveLength(15);
    await write(all);
    expect(await stockOutputViolations(log, "out", trades)).toEqual([]);
    await write(all.slice(-1));
    expect((await stockOutputViolations(log, "out", trades)).join()).toMatch(/out-0@16 is one too many: AAPL@5000/);
    const four = [[...(trades[0] ?? []), trade(4)]];
    expect((await stockOutputViolations(log, "out", four)).join()).toMatch(
      /expected AAPL@1000 .* \(of the trade at 4\)/,
    );
  });

  test("behind a repartition find a sum that adds a trade twice, and one that never adds it", async () => {
    const lotOf = () => "lot";
    const sums = (...values: number[]) =>
      write(values.map((value) => ({ key: Buffer.from("lot"), value: int64(value) })));
    const facts = { topic: "out", partitions: 1, trades, lotOf, comesLate: () => false };
    await sums(1, 3);
    expect((await lotSumViolations(log, facts)).join()).toMatch(/trade 3 at 0@3 was never added to lot/);
    await sums(6);
    expect(await lotSumViolations(log, facts)).toEqual([]);
    await sums(8);
    expect((await lotSumViolations(log, facts)).join()).toMatch(
      /lot grew by 2, which is no trade of this lot that is left/,
    );
  });

  test("behind a repartition find trades of one partition out of order, and a count that jumps", async () => {
    const lotOf = () => "lot";
    await write([2, 3, 6].map((value) => ({ key: Buffer.from("lot"), value: int64(value) })));
    const facts = { topic: "out", partitions: 1, trades, lotOf, comesLate: () => false };
    expect((await lotSumViolations(log, facts)).join()).toMatch(/the trade at 0@1, after the one at 2/);
    // The second trade may have been put aside and brought back: then the third may come before it.
    expect(await lotSumViolations(log, { ...facts, comesLate: (serial) => serial === 1 })).toEqual([]);
    const expected = expectedLots(trades, lotOf);
    expect(expected.get("lot")).toEqual({ count: 3, sum: 6 });
    expect((await lotCountViolations(log, { topic: "out", partitions: 1, expected })).join()).toMatch(
      /lot is 2 after 0/,
    );
  });
});
