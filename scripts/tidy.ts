/** House rules that no other tool knows: rows and edges, sizes, banned globals and names. `npm run check` runs this. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./child-process.ts";
import { checkFile } from "./tidy/check-file.ts";
import { checkDependencies } from "./tidy/dependencies.ts";
import { ownFiles, readOwn } from "./tidy/repository.ts";

const paths = ownFiles(root);
const exists = (path: string) => existsSync(join(root, path));
const problems = [
  ...checkDependencies(readOwn(root, "package.json"), readOwn(root, "package-lock.json")),
  ...paths.flatMap((path) => checkFile(path, readOwn(root, path), exists)),
];
for (const { path, line, rule, message } of problems) process.stdout.write(`${path}:${line}  ${rule}: ${message}\n`);
process.stdout.write(`${paths.length} files, ${problems.length} problems\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
