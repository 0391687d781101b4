import { isStreamError } from "../../lib/core/errors.ts";

/** Something that stays open from one invocation to the next, so that a warm one does not connect again. */
export interface KeptOpen<T> {
  /** Works with it, opening it first when needed. After a failure that is not the request's own it is opened anew. */
  use<R>(work: (opened: T) => Promise<R>): Promise<R>;
}

/**
 * Keeps what `open` gives for the life of the container. A connection that did not survive a freeze costs one failed
 * request: the next one connects again.
 */
export function keepOpen<T extends AsyncDisposable>(open: () => Promise<T>): KeptOpen<T> {
  let kept: T | undefined;
  return {
    use: async (work) => {
      const opened = kept ?? (await open());
      kept = opened;
      try {
        return await work(opened);
      } catch (error) {
        if (!isStreamError(error) || error.advice !== "fix-request") {
          kept = undefined;
          // what is broken may fail to close as well; the first failure is the one to tell
          await opened[Symbol.asyncDispose]().then(undefined, () => undefined);
        }
        throw error;
      }
    },
  };
}
