/**
 * `npm run build`: compiles lib and functions to dist/, copies what is not TypeScript, and checks what package.json
 * promises: the files, and that a program of a user's type-checks against them and runs.
 */
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisedFiles } from "./build/promised-files.ts";
import { root, runTool } from "./child-process.ts";

rmSync(join(root, "dist"), { recursive: true, force: true });
const compiled = await runTool("tsc", ["-p", "tsconfig.build.json"]);
process.exitCode = compiled.exitCode === 0 ? await finish() : 1;

async function finish(): Promise<number> {
  copyAssets();
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as unknown;
  const missing = promisedFiles(manifest).filter((path) => !existsSync(join(root, path)));
  for (const path of missing) process.stderr.write(`package.json promises ${path}, the build did not make it\n`);
  process.stdout.write(`dist in ${compiled.seconds.toFixed(1)} s\n`);
  if (missing.length > 0) return 1;
  const types = await runTool("tsc", ["--noEmit", "-p", "test/consumer/tsconfig.json"]);
  const run = await runTool("test/consumer/consumer.ts", []);
  const works = types.exitCode === 0 && run.exitCode === 0;
  const seconds = (types.seconds + run.seconds).toFixed(1);
  process.stdout.write(`a program that uses it ${works ? "works" : "FAILS"} (${seconds} s)\n`);
  return works ? 0 : 1;
}

function copyAssets(): void {
  const isSource = /\.(ts|mts)$/;
  for (const folder of ["lib", "functions"].filter((name) => existsSync(join(root, name)))) {
    cpSync(join(root, folder), join(root, "dist", folder), { recursive: true, filter: (path) => !isSource.test(path) });
  }
}
