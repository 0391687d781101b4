import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { type BuildOptions, build } from "esbuild";
import { guardedFolder, removeFolder } from "../test/support/servers/reaper.ts";
import type { Scenario } from "./scenario.ts";
import { type Spread, spreadOf } from "./statistics.ts";
import { formatFigure, formatTable } from "./table.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const functionNames = ["worker", "coordinator", "query"] as const;

/** What one function weighs and how long Node takes to load it. */
export interface BundleFigures {
  readonly name: string;
  /** All files of the function: its own and the chunks, also those that are loaded on demand. */
  readonly bytes: number;
  readonly importMs: Spread;
  /** Processor time of the import, all threads: what is left of the figure on a busy machine. */
  readonly importCpuMs: Spread;
}

/** Bundles the example's functions as `serverless package` does and imports each in fresh processes. */
export async function measureBundles(folder: string, rounds: number): Promise<readonly BundleFigures[]> {
  const options = createRequire(import.meta.url)("../infra/bundle.cjs") as () => BuildOptions;
  const figures: BundleFigures[] = [];
  for (const name of functionNames) {
    const entry = join(root, "examples/stock-trade-stats/functions", `${name}.ts`);
    const outdir = join(folder, name);
    const places = { entryPoints: [entry], outdir, absWorkingDir: root };
    const { metafile } = await build({ ...options(), ...places, metafile: true, logLevel: "silent" });
    const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
    const bundle = join(outdir, `${name}.mjs`);
    const imports: ImportTimes[] = [];
    for (let round = 0; round < rounds; round++) imports.push(await importOnce(bundle));
    const importMs = spreadOf(imports.map(({ wallMs }) => wallMs));
    const importCpuMs = spreadOf(imports.map(({ cpuMs }) => cpuMs));
    figures.push({ name, bytes, importMs, importCpuMs });
  }
  return figures;
}

interface ImportTimes {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** What a fresh process needs to import a module, its own start not counted. */
async function importOnce(bundle: string): Promise<ImportTimes> {
  const code = `
    const cpu = process.cpuUsage();
    const from = performance.now();
    await import(${JSON.stringify(pathToFileURL(bundle).href)});
    const wallMs = performance.now() - from;
    const { user, system } = process.cpuUsage(cpu);
    process.stdout.write(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }), () => process.exit(0));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code]);
  return JSON.parse(stdout) as ImportTimes;
}

/** Bundle sizes and cold import times of the three functions. */
export const coldImport: Scenario = {
  name: "cold-import",
  summary: "size of each function's bundle and the time to import it in a fresh process",
  run: async ({ quick }) => {
    const folder = await guardedFolder("bundles");
    try {
      const figures = await measureBundles(folder, quick ? 1 : 10);
      const shown = ({ median, min, max }: Spread) =>
        `${formatFigure(median)} (${formatFigure(min)} – ${formatFigure(max)})`;
      const rows = figures.map(({ name, bytes, importMs, importCpuMs }) => [
        name,
        formatFigure(bytes),
        shown(importMs),
        shown(importCpuMs),
      ]);
      const text = formatTable([["", "bytes", "import ms", "CPU ms"], ...rows]);
      return { text, json: { name: "cold-import", node: process.version, bundles: figures }, passed: true };
    } finally {
      await removeFolder(folder);
    }
  },
};
