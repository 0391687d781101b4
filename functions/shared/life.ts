import type { Context } from "aws-lambda";

/** How long an invocation lives, as workers and coordinators take it: Lambda gives a clock and no signal. */
export function lifeOf(context: Context): { remainingMs(): number; readonly stop: AbortSignal } {
  return { remainingMs: () => context.getRemainingTimeInMillis(), stop: new AbortController().signal };
}
