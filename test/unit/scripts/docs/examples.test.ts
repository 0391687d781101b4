import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, onTestFinished, test } from "vitest";
import { assertComments, isLiteralText } from "../../../../scripts/docs/assertions.ts";
import { exampleModule, nameSources, sharedNames } from "../../../../scripts/docs/example-module.ts";
import { extractExamples, freeNames } from "../../../../scripts/docs/examples.ts";
import { runExamples, up } from "../../../../scripts/docs/run-examples.ts";

function parse(text: string): ts.SourceFile {
  return ts.createSourceFile("a.ts", text, ts.ScriptTarget.Latest, true);
}

describe("examples are found", () => {
  test("with the line on which their code starts, up to the next tag", () => {
    const text = [
      "const before = 1;",
      "/**",
      " * Adds.",
      " *",
      " * @example Two numbers",
      " * add(1, 2); // 3",
      " *   indented();",
      " * @throws never",
      " * @example Compiled only: needs a broker",
      " * ```ts",
      " * add(2, 2);",
      " * ```",
      " * Done.",
      " */",
      "export function add() {}",
    ].join("\n");
    expect(extractExamples("lib/a.ts", parse(text))).toEqual([
      { path: "lib/a.ts", line: 6, code: "add(1, 2); // 3\n  indented();", runs: true },
      { path: "lib/a.ts", line: 11, code: "add(2, 2);", runs: false },
    ]);
  });

  test("inside a class as well, not in plain comments", () => {
    const text = "class A {\n  /**\n   * @example\n   * a();\n   */\n  a() {}\n}\n/*\n * @example\n * b();\n */\n";
    expect(extractExamples("lib/a.ts", parse(text)).map(({ line, code }) => [line, code.trim()])).toEqual([
      [4, "a();"],
    ]);
  });
});

test.for([
  ["add(a, 1)", ["add", "a"]],
  ["const a = 1; add(a);", ["add"]],
  ["x.add({ add: y, z })", ["x", "y", "z"]],
  ["(a, { b: c }) => a + c + d", ["d"]],
  ['import { a } from "b"; a();', []],
  ["const x: Thing<string> = make();", ["Thing", "make"]],
  ["class A { b = c; d() {} }", ["c"]],
] as const)("%s expects %s", ([code, names]) => {
  expect(freeNames(code)).toEqual(names);
});

describe("a comment behind a statement", () => {
  test.for([
    ["add(1, 2); // 3", "__same((add(1, 2)), 3); // 3"],
    ['a.b; // => "x"', '__same((a.b), "x"); // => "x"'],
    ["a; // → [1, -2, null]", "__same((a), [1, -2, null]); // → [1, -2, null]"],
    ["a(\n  1,\n); // true", "__same((a(\n  1,\n)), true); // true"],
    ["const b = a(); // 3", "const b = a(); __same(b, 3); // 3"],
    ["await a(); // 3", "__same((await a()), 3); // 3"],
    ["a(); // throws CONFIG_INVALID", 'void __throws(() => (a()), "CONFIG_INVALID"); // throws CONFIG_INVALID'],
    ["await a(); // throws", 'await __throws(async () => (await a()), ""); // throws'],
  ] as const)("that is a value is checked: %s", ([code, expected]) => {
    expect(assertComments(code)).toBe(expected);
  });

  test.for(["a(); // adds it", "a(); // 3 apples", "a(); // [x]", "a(); // f()", "a();\n// 3", "if (a) b(); // 3"])(
    "that is anything else stays: %s",
    (code) => {
      expect(assertComments(code)).toBe(code);
    },
  );

  test.for([
    ["1", true],
    ["-1.5", true],
    ["10n", true],
    ["'a'", true],
    ["{ a: [1, { b: undefined }] }", true],
    ["NaN", true],
    ["", false],
    ["a", false],
    ["1, 2", false],
    ["1; 2", false],
    ["1) + (2", false],
    ["[1", false],
  ] as const)("%s is a literal: %s", ([text, expected]) => {
    expect(isLiteralText(text)).toBe(expected);
  });
});

describe("examples run", () => {
  const shared = 'import { add } from "../../a.ts";\nexport const list: number[] = [add(1, 1)];\n';

  /** Lines of problems of the examples of one file, in a folder with nothing but that file. */
  async function problemsOf(text: string): Promise<string[]> {
    const root = mkdtempSync(join(tmpdir(), "millrace-examples-"));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    symlinkSync(join(import.meta.dirname, "../../../../node_modules"), join(root, "node_modules"), "junction");
    const compilerOptions = { module: "nodenext", target: "es2023", strict: true, types: ["node"], noEmit: true };
    const options = {
      ...compilerOptions,
      allowImportingTsExtensions: true,
      verbatimModuleSyntax: true,
      skipLibCheck: true,
    };
    writeFileSync(join(root, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
    writeFileSync(join(root, "package.json"), '{ "type": "module" }');
    writeFileSync(join(root, "a.ts"), text);
    mkdirSync(join(root, "test/support"), { recursive: true });
    writeFileSync(join(root, sharedNames), shared);
    const trees = new Map([
      ["a.ts", parse(text)],
      [sharedNames, parse(shared)],
    ]);
    const read = (path: string) => trees.get(path);
    const names = nameSources("a.ts", ["a.ts"], read);
    const modules = extractExamples("a.ts", parse(text)).map((example) => exampleModule(example, { names, read, up }));
    const problems = await runExamples(root, modules, { exampleMaxMs: 500 });
    return problems.map(({ path, line, message }) => `${path}:${line} ${message.split("\n")[0]}`);
  }

  test("with the file's exports and shared names of their own; wrong ones are reported on their line, by types, by value, by throwing", async () => {
    const text = [
      "/**",
      " * Adds.",
      " *",
      " * @example",
      " * add(1, 2); // 3",
      " * const sum: Sum = add(2, 2); // 4",
      " * fail(); // throws BROKEN",
      " *",
      " * @example",
      " * const one = 1;",
      " * add(one, 2); // 4",
      " *",
      " * @example",
      " *",
      ' * add("1", 2);',
      " *",
      " * @example",
      " * add(1, 1);",
      " * fail();",
      " *",
      " * @example Compiled only",
      " * fail();",
      " *",
      " * @example",
      ' * "long text"; // "long…"',
      " * list.push(3);",
      " * list; // [2, 3]",
      " *",
      " * @example",
      " * list; // [2]",
      " *",
      " * @example",
      " * await new Promise(() => {});",
      " */",
      "export function add(a: number, b: number): Sum {",
      "  return a + b;",
      "}",
      "export type Sum = number;",
      "export function fail(): void {",
      '  throw Object.assign(new Error("no"), { code: "BROKEN" });',
      "}",
      "",
    ].join("\n");
    expect(await problemsOf(text)).toEqual([
      expect.stringMatching(/^a\.ts:15 TS2345/),
      expect.stringMatching(/^a\.ts:11 .*Expected values/),
      expect.stringMatching(/^a\.ts:19 Error: no/),
      expect.stringMatching(/^a\.ts:33 .*took more than/),
    ]);
  });
});
