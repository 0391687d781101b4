import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import type { Problem } from "../tidy/source.ts";
import { assertionsModule, type ExampleModule, moveImports, sharedNames } from "./example-module.ts";

/** Inside the checkout, so that packages resolve; not in node_modules, where Node does not run TypeScript. */
export const generatedFolder = ".cache/examples";

/** From there to the root. */
export const up = "../../";

const allExamplesMaxMs = 120_000;

/** Writes, type-checks and runs the modules; problems carry the place in the source file. */
export async function runExamples(
  root: string,
  modules: readonly ExampleModule[],
  { exampleMaxMs = 10_000 }: { exampleMaxMs?: number } = {},
): Promise<Problem[]> {
  const folder = join(root, generatedFolder);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "assertions.ts"), assertionsModule);
  const shared = readFileSync(join(root, sharedNames), "utf8");
  for (const { file, text, namesFile } of modules) {
    writeFileSync(join(folder, file), text);
    if (text.includes(namesFile))
      writeFileSync(join(folder, namesFile), moveImports({ path: sharedNames, code: shared }, up));
  }
  const typeProblems = typeCheck(root, folder, modules);
  const runnable = modules.filter(
    (module) => module.runs && !typeProblems.some((problem) => isInside(problem, module)),
  );
  return [...typeProblems, ...(await run(folder, runnable, exampleMaxMs))];
}

function isInside({ path, line }: Problem, module: ExampleModule): boolean {
  return path === module.path && line >= module.line && line < module.line + module.code.split("\n").length;
}

function typeCheck(root: string, folder: string, modules: readonly ExampleModule[]): Problem[] {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const relaxed = { ...options, noUnusedLocals: false, noUnusedParameters: false };
  const program = ts.createProgram(
    modules.map(({ file }) => join(folder, file)),
    relaxed,
  );
  return modules.flatMap((module) => {
    const tree = program.getSourceFile(join(folder, module.file));
    if (tree === undefined) return [];
    const found = [...program.getSyntacticDiagnostics(tree), ...program.getSemanticDiagnostics(tree)];
    return found.map(({ start = 0, messageText, code }) => ({
      path: module.path,
      line: sourceLine(module, tree.getLineAndCharacterOfPosition(start).line + 1),
      rule: "example",
      message: `TS${code}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    }));
  });
}

/** The first line of a generated file holds imports; below, lines run along with the source. */
function sourceLine({ line }: ExampleModule, generatedLine: number): number {
  return Math.max(line, line + generatedLine - 2);
}

/** One process for all: examples are short, and starting Node for each would cost more than running them. */
async function run(folder: string, modules: readonly ExampleModule[], exampleMaxMs: number): Promise<Problem[]> {
  if (modules.length === 0) return [];
  const runner = join(folder, "runner.ts");
  writeFileSync(
    runner,
    runnerText(
      modules.map(({ file }) => file),
      exampleMaxMs,
    ),
  );
  const output = await new Promise<string>((done) => {
    // an example that writes files writes them there
    const limits = { cwd: folder, timeout: allExamplesMaxMs, maxBuffer: 64 << 20 };
    execFile(process.execPath, [runner], limits, (error, stdout, stderr) => {
      done(error === null ? stdout : `${stdout}\n${stderr}`);
    });
  });
  const lines = output.split("\n").filter((line) => line.startsWith("@@ "));
  const results = new Map(lines.map((line) => JSON.parse(line.slice(3)) as [string, string]));
  return modules.flatMap((module) => {
    const failure = results.get(module.file) ?? `did not run to its end:\n${output.slice(-2000)}`;
    return failure === "" ? [] : [failureProblem(module, failure)];
  });
}

function runnerText(files: readonly string[], exampleMaxMs: number): string {
  return `const exampleMaxMs = ${exampleMaxMs};
for (const file of ${JSON.stringify(files)}) {
  const late = new Promise((_, fail) => setTimeout(() => fail(new Error(\`took more than \${exampleMaxMs} ms\`)), exampleMaxMs));
  let failure = "";
  try {
    await Promise.race([import(\`./\${file}\`), late]);
  } catch (error) {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  process.stdout.write(\`\\n@@ \${JSON.stringify([file, failure])}\\n\`);
}
process.exit(0);
`;
}

function failureProblem(module: ExampleModule, failure: string): Problem {
  const place = new RegExp(`${module.file.replaceAll(".", "\\.")}:(\\d+)`).exec(failure)?.[1];
  const message = failure.split("\n    at ")[0]?.trim() ?? failure;
  return { path: module.path, line: sourceLine(module, Number(place ?? 2)), rule: "example", message };
}
