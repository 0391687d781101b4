import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Scenario } from "./scenario.ts";

const run = promisify(execFile);

/** Calls per second of operator chains: `bench/operators.ts` in a process of its own, with nothing else in its heap. */
export const operators: Scenario = {
  name: "operators",
  summary: "calls per second through chains of operators, without a broker",
  run: async (options) => {
    const script = fileURLToPath(new URL("./operators.ts", import.meta.url));
    const args = [script, "--json", ...(options.quick ? ["--quick"] : [])];
    const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 24 });
    const json = JSON.parse(stdout) as Record<string, unknown>;
    return { text: JSON.stringify(json, null, 2), json, passed: json["passed"] !== false };
  },
};
