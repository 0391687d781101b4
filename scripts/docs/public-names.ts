import { posix } from "node:path";
import ts from "typescript";
import { exportedSymbols } from "./docstrings.ts";

/** What users import. */
export const doors: readonly string[] = ["lib/index.ts", "lib/testing/index.ts", "lib/runtime/index.ts"];

/** Where a name is declared, and under which name there. */
export interface Declared {
  readonly path: string;
  readonly name: string;
}

/** Reads a parsed file by its path from the root; undefined when there is none. */
export type ReadTree = (path: string) => ts.SourceFile | undefined;

/** Every name that importing `path` offers, with the file that declares it: follows `export … from`. */
export function offeredNames(
  path: string,
  read: ReadTree,
  seen: ReadonlySet<string> = new Set(),
): Map<string, Declared> {
  const names = new Map<string, Declared>();
  const tree = read(path);
  if (tree === undefined || seen.has(path)) return names;
  for (const { name } of exportedSymbols(tree)) names.set(name, { path, name });
  for (const statement of tree.statements) {
    if (!ts.isExportDeclaration(statement)) continue;
    const from = targetOf(path, statement);
    const below = from === undefined ? new Map<string, Declared>() : offeredNames(from, read, new Set([...seen, path]));
    for (const [name, declared] of selectedNames(statement, { path: from ?? path, below })) {
      if (!names.has(name)) names.set(name, declared);
    }
  }
  return names;
}

function targetOf(path: string, { moduleSpecifier }: ts.ExportDeclaration): string | undefined {
  if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return undefined;
  return posix.normalize(posix.join(posix.dirname(path), moduleSpecifier.text));
}

function selectedNames(
  { exportClause }: ts.ExportDeclaration,
  { path, below }: { path: string; below: Map<string, Declared> },
): [string, Declared][] {
  if (exportClause === undefined) return [...below];
  if (ts.isNamespaceExport(exportClause)) return [];
  return exportClause.elements.map((element) => {
    const inner = (element.propertyName ?? element.name).text;
    return [element.name.text, below.get(inner) ?? { path, name: inner }];
  });
}
