import ts from "typescript";
import { lineOf, type Problem } from "../tidy/source.ts";

/** A top-level declaration that a file exports. */
export interface Exported {
  readonly name: string;
  readonly kind: "class" | "function" | "type" | "value";
  readonly line: number;
  /** The docstring right above, without its stars; undefined when there is none. */
  readonly doc: string | undefined;
  /** True when its docstring, or one of a member of the class, has an `@example`. */
  readonly hasExample: boolean;
}

/** What a file exports by declaration, overloads once. Re-exports are documented where they are declared. */
export function exportedSymbols(tree: ts.SourceFile): Exported[] {
  const found = new Map<string, Exported>();
  for (const statement of tree.statements) {
    if (!isExported(statement)) continue;
    for (const [name, kind] of declaredNames(statement)) {
      const doc = docOf(tree, statement);
      const hasExample = /^\s*(\* )?@example\b/m.test(
        `${doc ?? ""}\n${kind === "class" ? statement.getText(tree) : ""}`,
      );
      const known = found.get(name);
      if (known === undefined)
        found.set(name, { name, kind, line: lineOf(tree, statement.getStart(tree)), doc, hasExample });
      else found.set(name, { ...known, doc: known.doc ?? doc, hasExample: known.hasExample || hasExample });
    }
  }
  return [...found.values()];
}

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  return modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword);
}

function declaredNames(statement: ts.Statement): [string, Exported["kind"]][] {
  if (ts.isFunctionDeclaration(statement)) return [[statement.name?.text ?? "default", "function"]];
  if (ts.isClassDeclaration(statement)) return [[statement.name?.text ?? "default", "class"]];
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
    return [[statement.name.text, "type"]];
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.map((declaration) => {
    const value = declaration.initializer;
    const isFunction = value !== undefined && (ts.isArrowFunction(value) || ts.isFunctionExpression(value));
    return [declaration.name.getText(), isFunction ? "function" : "value"];
  });
}

function docOf(tree: ts.SourceFile, statement: ts.Statement): string | undefined {
  const ranges = ts.getLeadingCommentRanges(tree.text, statement.pos) ?? [];
  const last = ranges.findLast((range) => tree.text.startsWith("/**", range.pos));
  return last === undefined ? undefined : stripStars(tree.text.slice(last.pos, last.end)).join("\n");
}

/** The lines of a block comment without its frame; line n of the result is line n of the comment. */
export function stripStars(comment: string): string[] {
  return comment
    .replace(/^\/\*\*?/, "")
    .replace(/\*\/$/, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
}

/** Exports without a docstring whose first paragraph is a sentence. */
export function checkDocstrings(path: string, tree: ts.SourceFile): Problem[] {
  const problems: Problem[] = [];
  for (const { name, line, doc } of exportedSymbols(tree)) {
    const summary = doc === undefined ? "" : firstParagraph(doc);
    if (summary === "")
      problems.push({ path, line, rule: "docs", message: `${name} has no docstring: say in one sentence what it is` });
    else if (!/[.!?:…)`]$/.test(summary)) {
      problems.push({
        path,
        line,
        rule: "docs",
        message: `the summary of ${name} is not a sentence: end it with a full stop`,
      });
    }
  }
  return problems;
}

function firstParagraph(doc: string): string {
  const lines = doc.split("\n").map((line) => line.trim());
  const start = lines.findIndex((line) => line !== "");
  if (start === -1) return "";
  const end = lines.findIndex((line, i) => i > start && (line === "" || /^@[a-zA-Z]/.test(line)));
  const paragraph = lines
    .slice(start, end === -1 ? undefined : end)
    .join(" ")
    .trim();
  return paragraph.startsWith("@") ? "" : paragraph;
}
