import ts from "typescript";
import { describe, expect, test } from "vitest";
import { checkDocstrings, exportedSymbols } from "../../../../scripts/docs/docstrings.ts";
import { checkExamples } from "../../../../scripts/docs/needs-example.ts";
import { offeredNames, type ReadTree } from "../../../../scripts/docs/public-names.ts";

function parse(text: string): ts.SourceFile {
  return ts.createSourceFile("a.ts", text, ts.ScriptTarget.Latest, true);
}

function reader(files: Record<string, string>): ReadTree {
  return (path) => (files[path] === undefined ? undefined : parse(files[path]));
}

describe("a docstring", () => {
  test.for([
    ["/** Adds. */\nexport function f() {}", 0],
    ["/** Adds: carefully, always */\nexport const f = 1;", 1],
    ["/** Adds (carefully) */\nexport const f = 1;", 0],
    ["export function f() {}", 1],
    ["// Adds.\nexport function f() {}", 1],
    ["/** Adds */\nexport function f() {}", 1],
    ["/** */\nexport function f() {}", 1],
    ["/** @internal */\nexport function f() {}", 1],
    ["/**\n * Adds one\n * to another.\n *\n * More words\n */\nexport function f() {}", 0],
    ["/** Adds.\n * @throws when full\n */\nexport function f() {}", 0],
    ["/** The file. */\n\n/** Adds. */\nexport function f() {}", 0],
    ["function f() {}", 0],
    ["export interface A { b: 1 }", 1],
    ["export type A = 1;", 1],
    ["/** Adds. */\nexport function f(a: 1): void;\nexport function f(a: 2): void;\nexport function f() {}", 0],
  ] as const)("%s: %i problems", ([text, count]) => {
    expect(checkDocstrings("lib/core/a.ts", parse(`${text}\n`))).toHaveLength(count);
  });

  test("is reported with the line of its declaration", () => {
    expect(checkDocstrings("lib/core/a.ts", parse("const a = 1;\nexport const b = a;\n"))).toEqual([
      expect.objectContaining({ path: "lib/core/a.ts", line: 2, rule: "docs" }),
    ]);
  });

  test("belongs to functions however they are written", () => {
    const text =
      "export function a() {}\nexport const b = () => 1;\nexport const c = 1;\nexport class D {}\nexport type E = 1;";
    expect(exportedSymbols(parse(text)).map(({ name, kind }) => [name, kind])).toEqual([
      ["a", "function"],
      ["b", "function"],
      ["c", "value"],
      ["D", "class"],
      ["E", "type"],
    ]);
  });
});

describe("names that a module offers", () => {
  test("are followed through re-exports to where they are declared", () => {
    const read = reader({
      "lib/index.ts": 'export { a, b as c } from "./core/x.ts";\nexport * from "./dsl/y.ts";\nexport const own = 1;\n',
      "lib/core/x.ts": "export const a = 1;\nexport const b = 2;\n",
      "lib/dsl/y.ts": 'export { z } from "./z.ts";\n',
      "lib/dsl/z.ts": "export const z = 1;\n",
    });
    expect([...offeredNames("lib/index.ts", read)].sort()).toEqual([
      ["a", { path: "lib/core/x.ts", name: "a" }],
      ["c", { path: "lib/core/x.ts", name: "b" }],
      ["own", { path: "lib/index.ts", name: "own" }],
      ["z", { path: "lib/dsl/z.ts", name: "z" }],
    ]);
  });

  test("end in a circle of re-exports", () => {
    const read = reader({
      "a.ts": 'export * from "./b.ts";\n',
      "b.ts": 'export * from "./a.ts";\nexport const b = 1;\n',
    });
    expect([...offeredNames("a.ts", read).keys()]).toEqual(["b"]);
  });
});

describe("an example is needed", () => {
  const undocumented = "/** Adds. */\nexport function f() {}\n/** A type. */\nexport type T = 1;\n";
  const files = {
    "lib/core/public.ts": undocumented,
    "lib/core/inner.ts": undocumented,
    "lib/dsl/stream.ts": undocumented,
    "lib/dsl/shown.ts": "/**\n * Adds.\n *\n * @example\n * f();\n */\nexport function f() {}\n",
    "lib/operators/map-values.ts":
      "/** Maps. */\nexport function mapValues() {}\n/** Part. */\nexport function part() {}\n",
    "lib/operators/arity.ts": undocumented,
    "lib/dsl/members.ts":
      "/** Adds. */\nexport class A {\n  /**\n   * Adds.\n   * @example\n   * a();\n   */\n  a() {}\n}\n",
    "lib/dsl/bare.ts": "/** Adds. */\nexport class B {\n  a() {}\n}\n",
    "lib/index.ts": 'export { f } from "./core/public.ts";\nexport { A } from "./dsl/members.ts";\n',
    "lib/testing/index.ts": 'export { B } from "../dsl/bare.ts";\n',
  };

  test("for what users call and for the operator of a file, not for types and inner functions", () => {
    const read = reader(files);
    const problems = checkExamples(Object.keys(files), read);
    expect(problems.map(({ path, line }) => `${path}:${line}`)).toEqual([
      "lib/core/public.ts:2",
      "lib/operators/map-values.ts:2",
      "lib/dsl/bare.ts:2",
    ]);
  });
});
