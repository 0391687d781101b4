import { readFileSync } from "node:fs";

/** What one suite did. Counts are tests; a file that does not load counts as one failed test. */
export interface SuiteResult {
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
}

interface JsonReport {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** Counts what vitest's JSON reporter wrote. Undefined text means that vitest ended before it could report. */
export function readReport(text: string | undefined): { passed: number; failed: number; skipped: number } {
  if (text === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(text) as JsonReport;
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults) {
    const statuses = file.assertionResults.map((result) => result.status);
    const failed = statuses.filter((status) => status === "failed").length;
    const passed = statuses.filter((status) => status === "passed").length;
    counts.failed += file.status === "failed" ? Math.max(failed, 1) : failed;
    counts.passed += passed;
    counts.skipped += statuses.length - failed - passed;
  }
  return counts;
}

/** Adds a failure when vitest ended badly without a failed test: an unhandled rejection, a setup that threw. */
export function suiteResult(
  suite: string,
  run: { reportText: string | undefined; exitCode: number; seconds: number },
): SuiteResult {
  const counts = readReport(run.reportText);
  const failed = run.exitCode !== 0 && counts.failed === 0 ? 1 : counts.failed;
  return { suite, ...counts, failed, seconds: run.seconds };
}

/** The table of suites and seconds, and the verdict below it. */
export function summary(results: readonly SuiteResult[]): string {
  const header = ["suite", "passed", "failed", "skipped", "seconds"];
  const rows = results.map((r) => [r.suite, `${r.passed}`, `${r.failed}`, `${r.skipped}`, r.seconds.toFixed(1)]);
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const lines = [header, ...rows].map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
  return [...lines, "", verdict(results)].join("\n");
}

/** The line that scripts read: `N passed, N failed` (`, N skipped`). */
export function verdict(results: readonly SuiteResult[]): string {
  const total = (count: (result: SuiteResult) => number) => results.reduce((sum, result) => sum + count(result), 0);
  const skipped = total((result) => result.skipped);
  const line = `${total((result) => result.passed)} passed, ${total((result) => result.failed)} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}

/** What vitest reported; undefined where it ended before it could. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
