import { expect, test } from "vitest";
import { planTests } from "../../../../scripts/tests/arguments.ts";

const all = [["unit", "sim"], ["conformance", "types", "program"], ["integration"]];

test.for([
  { words: [], chosen: all, passed: [] },
  { words: ["unit"], chosen: [["unit"]], passed: [] },
  { words: ["sim", "unit"], chosen: [["unit", "sim"]], passed: [] },
  { words: ["sim", "types"], chosen: [["sim"], ["types"]], passed: [] },
  { words: ["-t", "unit"], chosen: all, passed: ["-t", "unit"] },
  { words: ["unit", "-t", "sim"], chosen: [["unit"]], passed: ["-t", "sim"] },
  { words: ["unit", "test/unit/core"], chosen: [["unit"]], passed: ["test/unit/core"] },
  { words: ["test/unit/core"], chosen: all, passed: ["test/unit/core"] },
])("$words runs $chosen with $passed", ({ words, chosen, passed }) => {
  expect(planTests(words)).toEqual({ stages: chosen, passed });
});
