import { LogError } from "../../ports/log.ts";
import type { TransactionProtocol } from "../../task/outcome.ts";
import { isUnknownTopic, retryOf, TOPIC_GRACE_MS } from "./failures.ts";
import { Deadline } from "./transport/deadline.ts";

/** What a retried call brings along. */
export interface RetryOptions {
  readonly deadline: Deadline;
  /** Looks up again what may have moved; failures of it are retried with the call. */
  refresh(): Promise<void>;
  /** The call ends a transaction, on this protocol: on the older one a lost answer must not be retried. */
  readonly endsTransaction?: TransactionProtocol;
}

/**
 * Tries until it works, until trying again cannot help, or until the deadline has passed; then throws the last error, or
 * what a broker answered last when the deadline only cut off one more try.
 */
export async function retrying<T>(options: RetryOptions, attempt: () => Promise<T>): Promise<T> {
  const { deadline, endsTransaction } = options;
  const backoff = new Backoff(deadline);
  const grace = new Deadline(TOPIC_GRACE_MS);
  let refreshFirst = false;
  let answered: LogError | undefined;
  for (;;) {
    try {
      if (refreshFirst) await options.refresh();
      return await attempt();
    } catch (error) {
      const kind = retryOf(error, endsTransaction);
      if (error instanceof LogError) answered = error;
      if (kind === undefined || (isUnknownTopic(error) && grace.passed)) throw error;
      if (deadline.passed) throw answered ?? error;
      refreshFirst = kind === "refresh-resend";
      await backoff.wait(kind);
    }
  }
}

/** How long to wait before the next try. */
export class Backoff {
  private readonly deadline: Deadline;
  private tries = 0;

  constructor(deadline: Deadline) {
    this.deadline = deadline;
  }

  /**
   * A transaction that is being finished takes a millisecond or two, so waiting starts at 1 ms and stays at 20 ms; what
   * moved takes longer, but the first look-up is free.
   */
  async wait(kind: "resend" | "backoff-resend" | "refresh-resend"): Promise<void> {
    const step = this.tries++;
    if (kind === "refresh-resend") {
      if (step > 0) await this.deadline.sleep(jittered(Math.min(10 * 2 ** step, 500)));
    } else await this.deadline.sleep(Math.min(2 ** step, step < 50 ? 20 : 100));
  }
}

function jittered(ms: number): number {
  return ms * (0.75 + Math.random() / 2);
}
