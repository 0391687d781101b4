import { describe, expect, test } from "vitest";
import { checkFile } from "../../../../scripts/tidy/check-file.ts";

/** Rule and line of every problem of a file, with all targets of its imports in place. */
function found(path: string, text: string, exists: (path: string) => boolean = () => true): string[] {
  return checkFile(path, text, exists).map(({ rule, line }) => `${rule}:${line}`);
}

describe("layers", () => {
  const importing = (specifier: string) => `import { x } from "${specifier}";\nx();\n`;

  test.for([
    ["lib/core/a.ts", "./b.ts"],
    ["lib/task/a.ts", "../core/b.ts"],
    ["lib/worker/a.ts", "../query/b.ts"],
    ["lib/adapters/s3/a.ts", "../../ports/b.ts"],
    ["lib/adapters/s3/a.ts", "./b.ts"],
    ["lib/testing/a.ts", "../adapters/memory/b.ts"],
    ["lib/adapters/file/a.ts", "../memory/b.ts"],
    ["lib/cli/a.ts", "../adapters/kafka/b.ts"],
    ["lib/index.ts", "./dsl/b.ts"],
    ["functions/worker.ts", "../lib/worker/b.ts"],
    ["test/unit/a.test.ts", "../../scripts/b.ts"],
    ["lib/config/a.ts", "zod"],
    ["functions/worker.ts", "@middy/core"],
    ["lib/adapters/kafka/a.ts", "kafkajs"],
    ["lib/adapters/s3/a.ts", "@aws-sdk/client-s3"],
    ["lib/records/a.ts", "node:zlib"],
    ["test/unit/a.test.ts", "fast-check"],
  ] as const)("%s may import %s", ([path, specifier]) => {
    expect(found(path, importing(specifier))).toEqual([]);
  });

  test.for([
    ["lib/core/a.ts", "../ports/b.ts"],
    ["lib/lease/a.ts", "../snapshot/b.ts"],
    ["lib/scaling/a.ts", "../lease/b.ts"],
    ["lib/adapters/s3/a.ts", "../dynamodb/b.ts"],
    ["lib/worker/a.ts", "../adapters/memory/b.ts"],
    ["lib/testing/a.ts", "../adapters/kafka/b.ts"],
    ["lib/unheard-of/a.ts", "../core/b.ts"],
    ["lib/cli/a.ts", "../index.ts"],
    ["lib/core/a.ts", "../../functions/b.ts"],
    ["functions/worker.ts", "../test/support/b.ts"],
    ["lib/state/a.ts", "zod"],
    ["lib/worker/a.ts", "@middy/core"],
    ["functions/worker.ts", "kafkajs"],
    ["lib/testing/a.ts", "vitest"],
    ["lib/core/a.ts", "./b"],
  ] as const)("%s may not import %s", ([path, specifier]) => {
    expect(found(path, importing(specifier))).toEqual(["layers:1"]);
  });

  test.for([
    ["a type import", 'import type { X } from "../task/b.ts";\nexport type Y = X;\n'],
    ["a re-export", 'export const y = 1;\nexport { x } from "../task/b.ts";\n'],
    ["a dynamic import", 'export const x = import("../task/b.ts");\n'],
    ["an import type", 'export type Y = import("../task/b.ts").X;\n'],
  ] as const)("%s counts as an import", ([, text]) => {
    expect(found("lib/core/a.ts", text).map((problem) => problem.split(":")[0])).toEqual(["layers"]);
  });

  test("an import of a file that is not there is named", () => {
    expect(found("lib/core/a.ts", importing("./b.ts"), () => false)).toEqual(["layers:1"]);
  });
});

describe("globals", () => {
  test.for([
    "Date.now();",
    "new Date();",
    "performance.now();",
    "setTimeout(() => {}, 1);",
    "process.exit(1);",
    'console.log("x");',
    "Math.random();",
    "crypto.randomUUID();",
    "const x = { at: Date };",
    'import { readFileSync } from "node:fs";',
    'import { randomBytes } from "node:crypto";',
    "function f(date: number) { return Date; }",
  ])("%s is refused in lib", (line) => {
    expect(found("lib/task/a.ts", `${line}\n`)).toEqual(["globals:1"]);
  });

  test.for([
    ["lib/task/a.ts", "const process = () => 1;\nprocess();"],
    ["lib/task/a.ts", "export function run(process: () => void) { process(); }"],
    ["lib/task/a.ts", "export class A { process() { return this.process; } }"],
    ["lib/task/a.ts", "export type A = { process: Date };"],
    ["lib/task/a.ts", "const { process } = { process: 1 };\nexport const x = [process];"],
    ["lib/task/a.ts", 'import { process } from "./b.ts";\nprocess();'],
    ["lib/task/a.ts", "export const x = { fetch: 1, console: 2 };"],
    ["lib/task/a.ts", "Math.max(1, 2);"],
    ["lib/task/a.ts", 'import { createHash } from "node:crypto";'],
    ["lib/task/a.ts", 'import type { Stats } from "node:fs";'],
    ["lib/adapters/system/a.ts", "Date.now(); setTimeout(() => {}, 1);"],
    ["lib/cli/main.ts", 'process.exit(1); console.log("x");'],
    ["lib/console/page.ts", "setInterval(() => {}, 1);"],
    ["test/unit/a.test.ts", "Date.now();"],
  ] as const)("%s: %s is fine", ([path, text]) => {
    expect(found(path, `${text}\n`)).toEqual([]);
  });

  test("the console does not touch the process", () => {
    expect(found("lib/console/server.ts", "process.exit(1);\n")).toEqual(["globals:1"]);
  });

  test("a name declared in one function is still the global in another", () => {
    expect(found("lib/task/a.ts", "function f(process: number) { return process; }\nprocess.exit();\nf(1);\n")).toEqual(
      ["globals:2"],
    );
  });
});

describe("sizes", () => {
  const lines = (count: number) => "x();\n".repeat(count);

  test.for([
    ["lib/core/a.ts", 400, []],
    ["lib/core/a.ts", 401, ["sizes:400"]],
    ["scripts/a.ts", 401, ["sizes:400"]],
    ["functions/worker.ts", 60, []],
    ["functions/worker.ts", 61, ["sizes:60"]],
    ["functions/shared/compose.ts", 61, []],
    ["docs/long.md", 1000, []],
  ] as const)("%s with %i lines", ([path, count, problems]) => {
    expect(found(path, lines(count))).toEqual(problems);
  });

  test.for([
    [50, []],
    [51, ["sizes:1"]],
  ] as const)("a function of %i lines", ([count, problems]) => {
    expect(found("lib/core/a.ts", `export function f() {\n${lines(count - 2)}}\n`)).toEqual(problems);
  });

  test.for([
    ["export function f(a: 1, b: 2, c: 3) {}", []],
    ["export function f(a: 1, b: 2, c: 3, d: 4) {}", ["sizes:1"]],
    ["export const f = (a: 1, b: 2, c: 3, d: 4) => a;", ["sizes:1"]],
    ["export class A { constructor(a: 1, b: 2, c: 3, d: 4) {} }", ["sizes:1"]],
    ["export function f(this: A, a: 1, b: 2, c: 3) {}", []],
    ["export interface A { f(a: 1, b: 2, c: 3, d: 4): void }", []],
    ["/** Puts. @hotPath called per record */\nexport function f(a: 1, b: 2, c: 3, d: 4) {}", []],
    ["/** Puts. @hotPath */\nexport function f(a: 1, b: 2, c: 3, d: 4) {}", ["sizes:2"]],
  ] as const)("%s", ([text, problems]) => {
    expect(found("lib/core/a.ts", `${text}\n`)).toEqual(problems);
  });
});

describe("words", () => {
  const mark = ["TO", "DO"].join("");
  const ignore = ["@ts", "ignore"].join("-");

  test.for([
    ["lib/core/utils.ts", "x();", ["words:1"]],
    ["lib/common/a.ts", "x();", ["words:1"]],
    ["test/support/kafka-helpers.ts", "x();", ["words:1"]],
    ["lib/lease/lease-manager.ts", "x();", ["words:1"]],
    ["lib/core/commonly.ts", "x();", []],
    ["lib/adapters/secrets-manager/a.ts", "x();", []],
    ["lib/core/a.ts", `x();\n// ${mark} later`, ["words:2"]],
    ["README.md", `${mark}: write`, ["words:1"]],
    ["docs/ROADMAP.md", `${mark}: write`, []],
    ["lib/core/a.ts", `// ${ignore}\nx();`, ["words:1"]],
    ["test/unit/a.test.ts", `// ${ignore}\nx();`, []],
    ["lib/core/a.ts", "export const x = 1 as any;", ["words:1"]],
    ["functions/worker.ts", "export const x: any = 1;", ["words:1"]],
    ["lib/core/a.ts", "export const any = 1;", []],
    ["lib/core/a.ts", "export default 1;", ["words:1"]],
    ["lib/core/a.ts", "export default function f() {}", ["words:1"]],
    ["functions/worker.ts", "export default 1;", []],
    ["lib/core/index.ts", 'export { x } from "./a.ts";', ["words:1"]],
    ["lib/testing/index.ts", 'export { x } from "./a.ts";', []],
  ] as const)("%s: %s", ([path, text, problems]) => {
    const layersAside = found(path, `${text}\n`).filter((problem) => !problem.startsWith("layers"));
    expect(layersAside).toEqual(problems);
  });
});
