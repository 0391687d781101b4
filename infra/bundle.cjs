/**
 * How a function is bundled, for serverless-esbuild (serverless.yml) and for the cold-start bench: ES modules with
 * everything in them, so that what was tested is what runs. The bundled SDK is newer than the runtime's own.
 *
 * What the SDK imports on demand stays in files of its own under `chunks` (sign-in by SSO, by a container, by a profile): a
 * function in AWS never reads them. In one file, Node would compile them at each cold start, and everything they share
 * with the rest twice.
 *
 * @returns {import("esbuild").BuildOptions & Record<string, unknown>}
 */
module.exports = () => ({
  bundle: true,
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  minify: true,
  format: "esm",
  platform: "node",
  target: "node24",
  mainFields: ["module", "main"],
  external: [],
  outExtension: { ".js": ".mjs" },
  legalComments: "none",
  // kafkajs is CommonJS and requires Node's own modules
  banner: { js: 'import{createRequire as nodeRequire}from"node:module";const require=nodeRequire(import.meta.url);' },
});
