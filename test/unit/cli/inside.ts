import { failureOf } from "../../../lib/cli/failure.ts";
import { millrace } from "../../../lib/cli/millrace.ts";
import { Terminal } from "../../../lib/cli/terminal.ts";

/** What a run of the command gave. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in this process: as the program does, but for the time that a new process takes. */
export async function inside(args: readonly string[]): Promise<Ended> {
  let stdout = "";
  const output = { write: (text: string) => (stdout += text) };
  const terminal = new Terminal({ output, environment: {}, monotonicMs: () => 0 });
  try {
    const exitCode = await millrace(args, { terminal, columns: undefined, environment: {} });
    return { exitCode, stdout, stderr: "" };
  } catch (error) {
    const { line, exitCode } = failureOf(error);
    return { exitCode, stdout, stderr: `${line}\n` };
  }
}
