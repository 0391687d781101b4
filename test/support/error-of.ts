import { StreamError } from "../../lib/core/errors.ts";

/**
 * The `StreamError` that something ends in.
 *
 * @throws {Error} when it ends in nothing, or in something else
 */
export function errorOf(act: () => unknown): StreamError {
  try {
    act();
  } catch (error) {
    if (error instanceof StreamError) return error;
    throw error;
  }
  throw new Error("expected a StreamError");
}
