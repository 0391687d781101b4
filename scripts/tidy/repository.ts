import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const skippedFolders = new Set(["node_modules", "dist", "target", "coverage", "data", "vectors"]);
const textFile = /\.(ts|mts|mjs|js|json|md|yml|yaml|tf|sh|html|css|java|xml)$/;
const skippedFile = /(^|\/)(package-lock\.json|LICENSE.*)$/;

/** Paths of our own text files, from the root with `/`, sorted. Data, build output and hidden folders are left out. */
export function ownFiles(root: string, folder = ""): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name) && !entry.name.startsWith(".")) found.push(...ownFiles(root, path));
    } else if (textFile.test(entry.name) && !skippedFile.test(path)) found.push(path);
  }
  return found.sort();
}

/** The text of a file of the repository. */
export function readOwn(root: string, path: string): string {
  return readFileSync(join(root, path), "utf8");
}
