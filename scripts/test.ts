/**
 * `npm test [suite …] [vitest arguments]`: runs the suites, and ends with a table and the line `N passed, N failed`. Suites that
 * keep only one core busy run side by side; the one with real servers runs alone, because it waits for real time to pass.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, runTool } from "./child-process.ts";
import { planTests, type Suite } from "./tests/arguments.ts";
import { readIfThere, type SuiteResult, suiteResult, summary } from "./tests/report.ts";

const plan = planTests(process.argv.slice(2));
const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
const results: SuiteResult[] = [];
let interrupted = false;
process.on("SIGINT", () => {
  interrupted = true;
});
try {
  for (const stage of plan.stages) {
    if (interrupted) break;
    process.stdout.write(`\n── ${stage.join(", ")}\n`);
    results.push(
      ...(await Promise.all(stage.map((suite, place) => runSuite(suite, place === 0 ? "live" : "at-once")))),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = interrupted || results.some((result) => result.failed > 0) ? 1 : 0;
process.stdout.write(`\n${summary(results)}\n`);

async function runSuite(suite: Suite, output: "live" | "at-once"): Promise<SuiteResult> {
  const reportPath = join(folder, `${suite}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  const config = suite === "types" ? "test/types/vitest.config.ts" : "vitest.config.ts";
  const fixed = ["run", `--config=${config}`, `--project=${suite}`, "--passWithNoTests", `--root=${root}`];
  const { exitCode, seconds } = await runTool("vitest", [...fixed, ...reporters, ...plan.passed], output);
  return suiteResult(suite, { reportText: readIfThere(reportPath), exitCode, seconds });
}
