import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { OperatorsFigures } from "./operators.ts";
import type { Scenario } from "./scenario.ts";
import { formatFigure, formatTable } from "./table.ts";

const run = promisify(execFile);

function chainTable({ chains }: OperatorsFigures): string {
  const rows = chains.map((chain) => [
    chain.chain,
    formatFigure(chain.recordsPerSecond),
    formatFigure(chain.callsPerSecond),
    formatFigure(chain.heapBytesPerRecord),
  ]);
  return formatTable([["chain", "records/CPU s", "calls/CPU s", "heap bytes/record"], ...rows]);
}

/** Calls per second of operator chains: `bench/operators.ts` in a process of its own, with nothing else in its heap. */
export const operators: Scenario = {
  name: "operators",
  summary: "calls per second through chains of operators, without a broker",
  run: async (options) => {
    const script = fileURLToPath(new URL("./operators.ts", import.meta.url));
    const args = [script, "--json", ...(options.quick ? ["--quick"] : [])];
    const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 24 });
    const figures = JSON.parse(stdout) as OperatorsFigures;
    return { text: chainTable(figures), json: { ...figures }, passed: figures.passed };
  },
};
