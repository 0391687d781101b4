import ts from "typescript";
import { lineOf } from "../tidy/source.ts";
import { stripStars } from "./docstrings.ts";

/** The code of one `@example`. */
export interface Example {
  readonly path: string;
  /** Line of the file on which the first line of `code` stands. */
  readonly line: number;
  readonly code: string;
  /** False when its title says "compiled only": it needs a broker or the like. */
  readonly runs: boolean;
}

/** Every `@example` in the docstrings of a file. Text beside the tag is a title; a fence around the code is optional. */
export function extractExamples(path: string, tree: ts.SourceFile): Example[] {
  const comments = tree.text.matchAll(/\/\*\*[\s\S]*?\*\//g);
  return [...comments].flatMap((match) => {
    const firstLine = lineOf(tree, match.index);
    return blocksOf(stripStars(match[0])).map(({ start, lines, runs }) => ({
      path,
      line: firstLine + start,
      code: lines.join("\n"),
      runs,
    }));
  });
}

interface Block {
  readonly start: number;
  readonly lines: string[];
}

function blocksOf(lines: readonly string[]): (Block & { runs: boolean })[] {
  const blocks: (Block & { runs: boolean })[] = [];
  lines.forEach((line, index) => {
    if (!/^\s*@example\b/.test(line)) return;
    const start = index + 1;
    const length = lines.slice(start).findIndex((next) => /^@[a-zA-Z]/.test(next));
    const block = unfenced(start, lines.slice(start, length === -1 ? undefined : start + length));
    blocks.push({ ...block, runs: !/compiled only/i.test(line) });
  });
  return blocks;
}

function unfenced(start: number, lines: string[]): Block {
  const open = lines.findIndex((line) => /^\s*```/.test(line));
  if (open === -1) return { start, lines };
  const length = lines.slice(open + 1).findIndex((line) => /^\s*```/.test(line));
  const end = length === -1 ? lines.length : open + 1 + length;
  return { start: start + open + 1, lines: lines.slice(open + 1, end) };
}

/** Names that the code uses without declaring or importing them: what an example expects to be there. */
export function freeNames(code: string): string[] {
  const tree = ts.createSourceFile("example.ts", code, ts.ScriptTarget.Latest, true);
  const [used, declared] = [new Set<string>(), new Set<string>()];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node))
      (isDeclarationName(node) ? declared : isReference(node) ? used : new Set()).add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return [...used].filter((name) => !declared.has(name));
}

function isDeclarationName(node: ts.Identifier): boolean {
  const { parent } = node;
  const named = ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent);
  if (named) return parent.name === node;
  if (ts.isImportSpecifier(parent) || ts.isImportClause(parent) || ts.isNamespaceImport(parent))
    return parent.name === node;
  const declares =
    ts.isFunctionDeclaration(parent) ||
    ts.isClassDeclaration(parent) ||
    ts.isFunctionExpression(parent) ||
    ts.isInterfaceDeclaration(parent) ||
    ts.isTypeAliasDeclaration(parent) ||
    ts.isTypeParameterDeclaration(parent);
  return declares && parent.name === node;
}

function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isBindingElement(parent)) return parent.propertyName !== node;
  const isMember = ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isObjectLiteralElement(parent);
  return !isMember || ts.isShorthandPropertyAssignment(parent) || parent.name !== node;
}
