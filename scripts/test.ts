/**
 * `npm test [suite …] [vitest arguments]`: runs the suites one after the other, so that timings of one are not disturbed
 * by another, and ends with a table and the line `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, runTool } from "./child-process.ts";
import { planTests, type Suite } from "./tests/arguments.ts";
import { type SuiteResult, suiteResult, summary } from "./tests/report.ts";

const plan = planTests(process.argv.slice(2));
const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
const results: SuiteResult[] = [];
let interrupted = false;
process.on("SIGINT", () => {
  interrupted = true;
});
try {
  for (const suite of plan.suites) {
    if (!interrupted) results.push(await runSuite(suite));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = interrupted || results.some((result) => result.failed > 0) ? 1 : 0;
process.stdout.write(`\n${summary(results)}\n`);

async function runSuite(suite: Suite): Promise<SuiteResult> {
  process.stdout.write(`\n── ${suite}\n`);
  const reportPath = join(folder, `${suite}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  const config = suite === "types" ? "test/types/vitest.config.ts" : "vitest.config.ts";
  const fixed = ["run", `--config=${config}`, `--project=${suite}`, "--passWithNoTests", `--root=${root}`];
  const { exitCode, seconds } = await runTool("vitest", [...fixed, ...reporters, ...plan.passed]);
  return suiteResult(suite, { reportText: readIfThere(reportPath), exitCode, seconds });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
