/** `npm run build`: compiles lib and functions to dist/, copies what is not TypeScript, and checks what package.json promises. */
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisedFiles } from "./build/promised-files.ts";
import { root, runTool } from "./child-process.ts";

rmSync(join(root, "dist"), { recursive: true, force: true });
const { exitCode, seconds } = await runTool("tsc", ["-p", "tsconfig.build.json"]);
if (exitCode === 0) copyAssets();
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as unknown;
const missing = promisedFiles(manifest).filter((path) => !existsSync(join(root, path)));
for (const path of missing) process.stderr.write(`package.json promises ${path}, the build did not make it\n`);
process.stdout.write(`dist in ${seconds.toFixed(1)} s\n`);
process.exitCode = exitCode === 0 && missing.length === 0 ? 0 : 1;

function copyAssets(): void {
  const isSource = /\.(ts|mts)$/;
  for (const folder of ["lib", "functions"].filter((name) => existsSync(join(root, name)))) {
    cpSync(join(root, folder), join(root, "dist", folder), { recursive: true, filter: (path) => !isSource.test(path) });
  }
}
