import type { BenchOptions } from "./arguments.ts";

/** One thing that `npm run bench` can measure. */
export interface Scenario {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Measures. Progress goes to `say`, the result is printed by the caller. */
  readonly run: (options: BenchOptions, say: (line: string) => void) => Promise<ScenarioResult>;
}

/** What a scenario found: text for people, an object for programs. */
export interface ScenarioResult {
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
  /** False when the measured side was wrong or below what `--require` asks. */
  readonly passed: boolean;
}
