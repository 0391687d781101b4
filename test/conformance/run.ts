/** `npm run conformance -- [DIR] [CASE]`: replays a tree of recorded cases; without DIR the one in this repository. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [directory, onlyCase] = process.argv.slice(2);
const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--project", "conformance", "test/conformance/vectors.test.ts"],
  {
    stdio: "inherit",
    env: {
      ...process.env,
      ...(directory !== undefined && { VECTORS: resolve(directory) }),
      ...(onlyCase !== undefined && { CASE: onlyCase }),
    },
  },
);
process.exitCode = status ?? 1;
