/**
 * `npm run conformance -- [DIR] [CASE]`: replays a tree of recorded cases; without DIR the one in this repository. Ends with
 * `N passed, N failed`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readIfThere, suiteResult, verdict } from "../../scripts/tests/report.ts";

const [directory, onlyCase] = process.argv.slice(2);
const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "millrace-conformance-"));
const reportPath = join(folder, "report.json");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--project", "conformance", "test/conformance/vectors.test.ts", ...reporters],
  {
    stdio: "inherit",
    env: {
      ...process.env,
      ...(directory !== undefined && { VECTORS: resolve(directory) }),
      ...(onlyCase !== undefined && { CASE: onlyCase }),
    },
  },
);
const exitCode = status ?? 1;
const result = suiteResult("conformance", { reportText: readIfThere(reportPath), exitCode, seconds: 0 });
rmSync(folder, { recursive: true, force: true });
process.exitCode = exitCode;
process.stdout.write(`${verdict([result])}\n`);
