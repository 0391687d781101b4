import { describe, expect, test } from "vitest";
import { planRounds, type StampedBatch } from "../../../../lib/adapters/kafka/transaction/produce.ts";
import { Sequences } from "../../../../lib/adapters/kafka/transaction/sequences.ts";
import { partitionKey } from "../../../../lib/core/ids.ts";

function stamped(partition: number, sizeBytes: number, name: string): StampedBatch & { name: string } {
  const bytes = Buffer.alloc(sizeBytes);
  return { key: partitionKey("t", partition), topic: "t", partition, count: 1, bytes, name };
}

describe("planRounds", () => {
  test.for<[string, [number, number][], number, string[]]>([
    [
      "one round when every partition has one batch",
      [
        [0, 1],
        [1, 1],
        [2, 1],
      ],
      100,
      ["012"],
    ],
    [
      "successive rounds for one partition",
      [
        [0, 1],
        [0, 1],
        [0, 1],
      ],
      100,
      ["0", "1", "2"],
    ],
    [
      "as few rounds as the fullest partition needs",
      [
        [0, 1],
        [1, 1],
        [0, 1],
        [2, 1],
      ],
      100,
      ["013", "2"],
    ],
    [
      "another round when the bytes are too many",
      [
        [0, 60],
        [1, 60],
        [2, 40],
      ],
      100,
      ["02", "1"],
    ],
    [
      "a batch above the limit alone",
      [
        [0, 500],
        [1, 1],
      ],
      100,
      ["0", "1"],
    ],
    ["nothing for nothing", [], 100, []],
  ])("%s", ([, batches, maxRoundBytes, expected]) => {
    const named = batches.map(([partition, sizeBytes], index) => stamped(partition, sizeBytes, `${index}`));
    const rounds = planRounds(named, maxRoundBytes) as (typeof named)[];
    expect(rounds.map((round) => round.map(({ name }) => name).join(""))).toEqual(expected);
  });

  test("never lets a later batch of a partition overtake an earlier one", () => {
    const named = [stamped(0, 90, "a"), stamped(1, 90, "b"), stamped(0, 5, "c"), stamped(1, 5, "d")];
    const rounds = planRounds(named, 100) as (typeof named)[];
    const roundOf = (name: string) => rounds.findIndex((round) => round.some((batch) => batch.name === name));
    expect(roundOf("a")).toBeLessThan(roundOf("c"));
    expect(roundOf("b")).toBeLessThan(roundOf("d"));
  });
});

describe("Sequences", () => {
  test("count per partition", () => {
    const sequences = new Sequences();
    expect([sequences.take("t:0", 3), sequences.take("t:1", 5), sequences.take("t:0", 2)]).toEqual([0, 0, 3]);
    expect(sequences.take("t:0", 1)).toBe(5);
  });

  test("go around after 2^31 - 1, also inside a batch", () => {
    const sequences = new Sequences();
    sequences.take("t:0", 2 ** 31 - 2);
    expect(sequences.take("t:0", 5)).toBe(2 ** 31 - 2);
    expect(sequences.take("t:0", 1)).toBe(3);
  });
});
