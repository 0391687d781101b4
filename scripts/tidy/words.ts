import ts from "typescript";
import { lineOf, type Problem, type Source, walk } from "./source.ts";

const bannedNames = new Set(["util", "utils", "common", "helper", "helpers", "misc", "manager", "managers"]);

/** Names of others that contain such a word. */
const productNames = /secrets-manager/g;

// in parts, so that this file passes its own rule
const unfinished = new RegExp(`\\b(${["TO", "DO"].join("")}|${["FIX", "ME"].join("")})\\b`);
const silenced = new RegExp(["@ts-ignore", "@ts-nocheck", "@ts-expect-error", ["biome", "ignore"].join("-")].join("|"));

const barrels = new Set(["lib/index.ts", "lib/testing/index.ts", "lib/runtime/index.ts"]);

/** Names without meaning, work left undone, and switched-off checks. */
export function checkWords(source: Source): Problem[] {
  const { path, text, tree } = source;
  const problems: Problem[] = [...nameFaults(path)];
  const strict = path.startsWith("lib/") || path.startsWith("functions/");
  text.split("\n").forEach((content, index) => {
    const report = (message: string) => problems.push({ path, line: index + 1, rule: "words", message });
    const mark = path === "docs/ROADMAP.md" ? undefined : unfinished.exec(content)?.[0];
    if (mark !== undefined) report(`no ${mark} in code: do it, or write it in docs/ROADMAP.md`);
    if (strict && silenced.test(content)) report("a check is switched off: change the code or the type instead");
  });
  if (strict && tree !== undefined) problems.push(...syntaxFaults(path, tree));
  return problems;
}

function nameFaults(path: string): Problem[] {
  const word = path
    .replace(productNames, "")
    .split(/[/.-]/)
    .find((part) => bannedNames.has(part.toLowerCase()));
  return word === undefined
    ? []
    : [{ path, line: 1, rule: "words", message: `"${word}" says nothing: name what is in it` }];
}

function syntaxFaults(path: string, tree: ts.SourceFile): Problem[] {
  const problems: Problem[] = [];
  const report = (node: ts.Node, message: string) =>
    problems.push({ path, line: lineOf(tree, node.getStart(tree)), rule: "words", message });
  walk(tree, (node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) report(node, "no any: say what it is, or unknown");
    if (path.startsWith("lib/") && isDefaultExport(node))
      report(node, "no default export in lib: names stay the same everywhere");
  });
  if (path.startsWith("lib/") && isBarrel(tree) && !barrels.has(path)) {
    report(
      tree,
      "no barrel here: import from the file that has it (only the entries lib/index.ts, lib/testing/index.ts and lib/runtime/index.ts collect)",
    );
  }
  return problems;
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
  return modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword);
}

function isBarrel(tree: ts.SourceFile): boolean {
  return (
    tree.statements.length > 0 &&
    tree.statements.every((s) => ts.isExportDeclaration(s) && s.moduleSpecifier !== undefined)
  );
}
