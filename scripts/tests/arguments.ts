/** The suites of `npm test`, names of vitest projects, in the order in which they run; those of one stage run side by side. */
const stages = [["unit", "sim"], ["conformance", "types", "program"], ["integration"]] as const;

/** A vitest project. */
export type Suite = (typeof stages)[number][number];

/** What to run: which suites, and what vitest gets on top. */
export interface TestPlan {
  readonly stages: readonly (readonly Suite[])[];
  readonly passed: readonly string[];
}

/** Leading words that name suites choose them; everything from the first other word on is vitest's. */
export function planTests(words: readonly string[]): TestPlan {
  const rest = words.findIndex((word) => !isSuite(word));
  const chosen = (rest === -1 ? words : words.slice(0, rest)).filter(isSuite);
  return {
    stages: stages
      .map((stage) => stage.filter((suite) => chosen.length === 0 || chosen.includes(suite)))
      .filter((stage) => stage.length > 0),
    passed: rest === -1 ? [] : words.slice(rest),
  };
}

function isSuite(word: string): word is Suite {
  return stages.some((stage) => (stage as readonly string[]).includes(word));
}
