import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { adviceByCode } from "../../../lib/core/errors.ts";

const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.slice(2, -2).split(" | "));

test("every error code has a row with its advice, in the order of the code", () => {
  const described = rows.filter((cells) => cells.length === 4).map(([code, advice]) => [code, advice]);
  expect(described).toEqual(Object.entries(adviceByCode).map(([code, advice]) => [`\`${code}\``, `\`${advice}\``]));
});

test("every advice is explained, and none that is not given", () => {
  const explained = rows.filter((cells) => cells.length === 2).map(([advice]) => advice);
  expect(explained.sort()).toEqual([...new Set(Object.values(adviceByCode))].map((advice) => `\`${advice}\``).sort());
});
