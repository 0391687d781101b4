import { expect, test } from "vitest";
import { parseBenchArguments } from "../../../bench/arguments.ts";

const names = ["throughput", "operators"];

test.for([[[]], [["--help"]], [["throughput", "-h"]]])("shows help for %j", ([args]) => {
  expect(parseBenchArguments(args as string[], names)).toEqual({ kind: "help" });
});

test("leaves figures that are not given to the scenario", () => {
  expect(parseBenchArguments(["throughput"], names)).toEqual({
    kind: "run",
    name: "throughput",
    options: {
      json: false,
      quick: false,
      tuned: false,
      perCommit: false,
      pin: true,
      records: undefined,
      keys: undefined,
      rounds: undefined,
      requireRatio: undefined,
      store: "memory",
      bootstrap: undefined,
    },
  });
});

test.for([
  ["2M", 2_000_000],
  ["500k", 500_000],
  ["1.5M", 1_500_000],
  ["1_000", 1_000],
  ["7", 7],
] as const)("reads %s records as %i", ([text, records]) => {
  expect(parseBenchArguments(["throughput", "--records", text], names)).toMatchObject({
    kind: "run",
    options: { records },
  });
});

test.for([
  [["nope"], /no scenario nope: choose throughput, operators/],
  [["throughput", "operators"], /one scenario at a time/],
  [["throughput", "--records", "many"], /--records must be a positive whole number such as 500k or 2M, not many/],
  [["throughput", "--records", "0"], /--records must be a positive whole number/],
  [["throughput", "--records", "1.5"], /--records must be a positive whole number/],
  [["throughput", "--store", "disk"], /--store must be memory or rocksdb, not disk/],
  [["throughput", "--fast"], /--fast/],
] as const)("refuses %j", ([args, message]) => {
  expect(parseBenchArguments(args, names)).toEqual({ kind: "wrong", message: expect.stringMatching(message) });
});

test("takes a fraction as the required ratio", () => {
  expect(parseBenchArguments(["throughput", "--require", "3.5", "--no-pin"], names)).toMatchObject({
    options: { requireRatio: 3.5, pin: false },
  });
});
