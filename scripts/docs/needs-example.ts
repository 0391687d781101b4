import type { Problem } from "../tidy/source.ts";
import { type Exported, exportedSymbols } from "./docstrings.ts";
import { type Declared, doors, offeredNames, type ReadTree } from "./public-names.ts";

/**
 * Classes and functions that users call must show how: everything that the public modules offer (a class may do so in its
 * members), and every operator (the export that its file is named after).
 */
export function checkExamples(paths: readonly string[], read: ReadTree): Problem[] {
  const offered = doors.flatMap((door) => [...offeredNames(door, read).values()]);
  const publicNames = new Set(offered.map(publicName));
  return paths.flatMap((path) => {
    const tree = read(path);
    const symbols = tree === undefined ? [] : exportedSymbols(tree);
    const silent = symbols.filter((symbol) => isCalled(symbol) && !symbol.hasExample);
    return silent
      .filter(({ name }) => publicNames.has(publicName({ path, name })) || isOperator(path, name))
      .map(({ name, line }) => ({
        path,
        line,
        rule: "docs",
        message: `${name} has no @example: show a call that runs`,
      }));
  });
}

function publicName({ path, name }: Declared): string {
  return `${path} ${name}`;
}

function isCalled({ kind }: Exported): boolean {
  return kind === "class" || kind === "function";
}

function isOperator(path: string, name: string): boolean {
  return path.startsWith("lib/operators/") && name === camelCase(path);
}

function camelCase(path: string): string {
  const stem = path.split("/").at(-1)?.replace(/\.ts$/, "") ?? "";
  return stem.replace(/-(.)/g, (_all, letter: string) => letter.toUpperCase());
}
