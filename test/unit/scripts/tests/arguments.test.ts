import { expect, test } from "vitest";
import { planTests, suites } from "../../../../scripts/tests/arguments.ts";

test.for([
  { words: [], chosen: suites, passed: [] },
  { words: ["unit"], chosen: ["unit"], passed: [] },
  { words: ["sim", "unit"], chosen: ["unit", "sim"], passed: [] },
  { words: ["-t", "unit"], chosen: suites, passed: ["-t", "unit"] },
  { words: ["unit", "-t", "sim"], chosen: ["unit"], passed: ["-t", "sim"] },
  { words: ["unit", "test/unit/core"], chosen: ["unit"], passed: ["test/unit/core"] },
  { words: ["test/unit/core"], chosen: suites, passed: ["test/unit/core"] },
])("$words runs $chosen with $passed", ({ words, chosen, passed }) => {
  expect(planTests(words)).toEqual({ suites: chosen, passed });
});
