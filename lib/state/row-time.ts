import { sessionEndOf } from "./session-key.ts";
import { windowStartOf } from "./window-key.ts";

/**
 * The time by which a row of an expiring store expires, in ms: the start of its window, the end of its session.
 *
 * @param type Type of the store.
 * @param changelogKey Key of the row in the changelog of a store with a retention.
 */
export function rowTimeOf(type: string, changelogKey: string): number {
  return type === "session" ? sessionEndOf(changelogKey) : windowStartOf(changelogKey);
}
