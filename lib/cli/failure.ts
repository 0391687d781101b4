import { isStreamError, StreamError } from "../core/errors.ts";
import { LogError } from "../ports/log.ts";
import { surfacedCode } from "../task/outcome.ts";

/** What the process ends with; the help text lists them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** The command line, a setting, the application file or the query is wrong: the same call fails again. */
  wrongRequest: 2,
  /** The store has no such row. */
  nothingFound: 3,
  /** A passing failure: the same call may work later. */
  tryAgain: 4,
} as const;

/** A failure as one line for a person, and the exit code for a script. */
export function failureOf(error: unknown): { readonly line: string; readonly exitCode: number } {
  if (error instanceof LogError)
    return failureOf(new StreamError(surfacedCode(error), error.message, { cause: error }));
  if (!isStreamError(error)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { line: `millrace: this is a bug, please report it: ${text}`, exitCode: exitCodes.failed };
  }
  const { advice, code, message } = error;
  const wrong = code === "CONFIG_INVALID" || code === "TOPOLOGY_INVALID" || advice === "fix-request";
  const exitCode = wrong ? exitCodes.wrongRequest : advice === "retry" ? exitCodes.tryAgain : exitCodes.failed;
  return { line: `millrace: ${message.replaceAll("\n", "; ")} [${advice}]`, exitCode };
}
