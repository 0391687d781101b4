import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Bundles the Millrace side of a comparison as the functions are bundled for their deployment, so that its start does not
 * include the stripping of types from hundreds of files: Kafka Streams' side is compiled as well.
 *
 * @returns the file to run
 */
export async function bundleWorker(folder: string): Promise<string> {
  const options = createRequire(import.meta.url)("../infra/bundle.cjs") as () => BuildOptions;
  const outdir = join(folder, "worker");
  const places = { entryPoints: [join(root, "bench/millrace-worker.ts")], outdir, absWorkingDir: root };
  await build({ ...options(), ...places, logLevel: "silent" });
  return join(outdir, "millrace-worker.mjs");
}
