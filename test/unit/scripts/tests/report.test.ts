import { describe, expect, test } from "vitest";
import { readReport, suiteResult, summary } from "../../../../scripts/tests/report.ts";

function report(...files: { status: string; tests: string[] }[]): string {
  const testResults = files.map(({ status, tests }) => ({
    status,
    assertionResults: tests.map((result) => ({ status: result })),
  }));
  return JSON.stringify({ testResults });
}

describe("counts of a report", () => {
  test.for([
    { name: "no file", text: report(), passed: 0, failed: 0, skipped: 0 },
    {
      name: "every status that is neither passed nor failed is a skip",
      text: report({ status: "passed", tests: ["passed", "skipped", "pending", "todo"] }),
      passed: 1,
      failed: 0,
      skipped: 3,
    },
    {
      name: "a file that does not load is a failure",
      text: report({ status: "failed", tests: [] }, { status: "passed", tests: ["passed"] }),
      passed: 1,
      failed: 1,
      skipped: 0,
    },
    {
      name: "a file with failed tests counts those",
      text: report({ status: "failed", tests: ["failed", "failed", "passed"] }),
      passed: 1,
      failed: 2,
      skipped: 0,
    },
    { name: "no report at all", text: undefined, passed: 0, failed: 1, skipped: 0 },
  ])("$name", ({ text, passed, failed, skipped }) => {
    expect(readReport(text)).toEqual({ passed, failed, skipped });
  });

  test("a bad end without a failed test is one failure", () => {
    const reportText = report({ status: "passed", tests: ["passed"] });
    expect(suiteResult("unit", { reportText, exitCode: 1, seconds: 1 }).failed).toBe(1);
    expect(suiteResult("unit", { reportText, exitCode: 0, seconds: 1 }).failed).toBe(0);
  });
});

describe("the summary", () => {
  const unit = { suite: "unit", passed: 120, failed: 0, skipped: 0, seconds: 3.14 };

  test("ends with the totals, without skips when there are none", () => {
    const lines = summary([unit, { ...unit, suite: "sim", passed: 3, failed: 1 }]).split("\n");
    expect(lines.at(-1)).toBe("123 passed, 1 failed");
    expect(lines.slice(0, 3)).toEqual([
      "suite  passed  failed  skipped  seconds",
      "unit      120       0        0      3.1",
      "sim         3       1        0      3.1",
    ]);
  });

  test("ends with skips when there are some", () => {
    expect(summary([{ ...unit, skipped: 2 }]).endsWith("\n120 passed, 0 failed, 2 skipped")).toBe(true);
  });
});
