import { existsSync, rmSync, writeFileSync } from "node:fs";

/** One trade in so many cannot be processed until the code is mended. */
const EVERY = 97;

/** The variable that tells a worker process which file says that the code is mended. */
export const MENDED_VARIABLE = "MILLRACE_CHAOS_MENDED";

/** Whether a trade is one that the code cannot take before it is mended. */
export function isPoison(serial: number): boolean {
  return serial % EVERY === 0;
}

/** What a function of the user's does that has a bug. @throws {RangeError} for poison, until the code is mended */
export function refusePoison(serial: number): void {
  if (!isPoison(serial)) return;
  const file = process.env[MENDED_VARIABLE];
  if (file === undefined || !existsSync(file)) throw new RangeError(`nobody can count trade ${serial}`);
}

/** Mends the code of every worker at once. */
export function mend(file: string): void {
  writeFileSync(file, "");
}

/** Forgets that the code was mended. */
export function forgetMended(file: string): void {
  rmSync(file, { force: true });
}
