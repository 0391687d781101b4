import { checkGlobals } from "./globals.ts";
import { checkLayers } from "./layers.ts";
import { checkSizes } from "./sizes.ts";
import { type Problem, parseSource } from "./source.ts";
import { checkWords } from "./words.ts";

/** All house rules for one file. `exists` answers whether a path from the root is a file. */
export function checkFile(path: string, text: string, exists: (path: string) => boolean): Problem[] {
  const source = parseSource(path, text);
  return [...checkLayers(source, exists), ...checkGlobals(source), ...checkSizes(source), ...checkWords(source)];
}
