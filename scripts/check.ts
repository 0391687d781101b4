/** `npm run check`: format and lint, types, house rules, docstrings. Runs them all, then fails if any failed. */
import { runTool } from "./child-process.ts";

const steps = [
  { name: "format and lint", tool: "biome", args: ["check", "--error-on-warnings"] },
  { name: "types", tool: "tsc", args: ["--noEmit", "-p", "tsconfig.json"] },
  { name: "types of the page", tool: "tsc", args: ["--noEmit", "-p", "lib/console/page/tsconfig.json"] },
  { name: "house rules", tool: "scripts/tidy.ts", args: [] },
  { name: "docstrings", tool: "scripts/check-docs.ts", args: [] },
];

const results: { name: string; ok: boolean; seconds: number }[] = [];
for (const { name, tool, args } of steps) {
  process.stdout.write(`\n── ${name}\n`);
  const { exitCode, seconds } = await runTool(tool, args);
  results.push({ name, ok: exitCode === 0, seconds });
}
process.stdout.write("\n");
for (const { name, ok, seconds } of results) {
  process.stdout.write(`${ok ? "ok    " : "FAILED"}  ${name.padEnd(17)} ${seconds.toFixed(1).padStart(6)} s\n`);
}
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
