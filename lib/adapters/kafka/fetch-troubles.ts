import type { PartitionKey } from "../../core/ids.ts";
import { LogError } from "../../ports/log.ts";
import { asLogError, isUnknownTopic, retryOf, TOPIC_GRACE_MS } from "./failures.ts";
import { Deadline } from "./transport/deadline.ts";

/** Trouble with a partition that nobody has heard of for so many times its patience is another trouble: nobody read it meanwhile. */
const FORGOTTEN_AFTER = 2;

interface Trouble {
  /** When it is worth an error, and when that a topic is not there is. */
  readonly patience: Deadline;
  readonly grace: Deadline;
  forgotten: Deadline;
}

/** Remembers since when partitions cannot be read, and decides when that is worth an error. */
export class Troubles {
  private readonly patienceMs: number;
  private readonly since = new Map<PartitionKey, Trouble>();
  /** Partitions whose last answer was damaged: read once more, then told. */
  private readonly damaged = new Set<PartitionKey>();

  /** @param patienceMs How long a partition may be out of reach before that is told. */
  constructor(patienceMs: number) {
    this.patienceMs = patienceMs;
  }

  /** The partition was read. */
  over(key: PartitionKey): void {
    if (this.since.size > 0) this.since.delete(key);
    if (this.damaged.size > 0) this.damaged.delete(key);
  }

  /** The error to tell, or undefined to try again quietly. */
  judge(key: PartitionKey, error: Error): LogError | undefined {
    const failure = asFetchFailure(error);
    if (failure.kafkaError === "CORRUPT_MESSAGE") {
      if (this.damaged.has(key)) return failure;
      this.damaged.add(key);
      return undefined;
    }
    if (retryOf(failure) === undefined) return failure;
    const since = this.troubleOf(key);
    return (isUnknownTopic(failure) ? since.grace : since.patience).passed ? failure : undefined;
  }

  private troubleOf(key: PartitionKey): Trouble {
    const { patienceMs } = this;
    const forgotten = new Deadline(Math.max(patienceMs, TOPIC_GRACE_MS) * FORGOTTEN_AFTER);
    let trouble = this.since.get(key);
    if (trouble === undefined || trouble.forgotten.passed) {
      trouble = { patience: new Deadline(patienceMs), grace: new Deadline(TOPIC_GRACE_MS), forgotten };
      this.since.set(key, trouble);
    } else trouble.forgotten = forgotten;
    return trouble;
  }
}

function asFetchFailure(error: Error): LogError {
  const failure = asLogError(error, { request: "Fetch" });
  return failure instanceof LogError ? failure : new LogError("UNKNOWN_SERVER_ERROR", error.message, { cause: error });
}
