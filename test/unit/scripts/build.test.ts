import { expect, test } from "vitest";
import { promisedFiles } from "../../../scripts/build/promised-files.ts";

test("collects every file that exports, bin and types name, once", () => {
  const manifest = {
    types: "./dist/index.d.ts",
    bin: { tool: "dist/cli.js" },
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" }, "./package.json": "./package.json" },
  };
  expect(promisedFiles(manifest)).toEqual(["dist/index.d.ts", "dist/index.js", "package.json", "dist/cli.js"]);
});
