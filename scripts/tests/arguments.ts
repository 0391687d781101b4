/** The suites of `npm test`, in the order in which they run: cheap and telling ones first. Names of vitest projects. */
export const suites = ["unit", "types", "conformance", "sim", "integration"] as const;

/** A vitest project. */
export type Suite = (typeof suites)[number];

/** What to run: which suites, and what vitest gets on top. */
export interface TestPlan {
  readonly suites: readonly Suite[];
  readonly passed: readonly string[];
}

/** Leading words that name suites choose them; everything from the first other word on is vitest's. */
export function planTests(words: readonly string[]): TestPlan {
  const rest = words.findIndex((word) => !isSuite(word));
  const chosen = (rest === -1 ? words : words.slice(0, rest)).filter(isSuite);
  return {
    suites: chosen.length === 0 ? suites : suites.filter((suite) => chosen.includes(suite)),
    passed: rest === -1 ? [] : words.slice(rest),
  };
}

function isSuite(word: string): word is Suite {
  return (suites as readonly string[]).includes(word);
}
