/**
 * How a function is bundled, for serverless-esbuild (serverless.yml) and for the cold-start bench: one file of ES modules
 * with everything in it, so that what was tested is what runs. The bundled SDK is newer than the runtime's own.
 *
 * @returns {import("esbuild").BuildOptions & Record<string, unknown>}
 */
module.exports = () => ({
  bundle: true,
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
