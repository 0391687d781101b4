import type { PartitionKey } from "../../core/ids.ts";
import { LogError } from "../../ports/log.ts";
import { asLogError, isUnknownTopic, retryOf, TOPIC_GRACE_MS } from "./failures.ts";
import { Deadline } from "./transport/deadline.ts";

/** Remembers since when partitions cannot be read, and decides when that is worth an error. */
export class Troubles {
  private readonly patienceMs: number;
  private readonly since = new Map<PartitionKey, { readonly patience: Deadline; readonly grace: Deadline }>();
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
    let since = this.since.get(key);
    if (since === undefined) {
      since = { patience: new Deadline(this.patienceMs), grace: new Deadline(TOPIC_GRACE_MS) };
      this.since.set(key, since);
    }
    return (isUnknownTopic(failure) ? since.grace : since.patience).passed ? failure : undefined;
  }
}

function asFetchFailure(error: Error): LogError {
  const failure = asLogError(error, { request: "Fetch" });
  return failure instanceof LogError ? failure : new LogError("UNKNOWN_SERVER_ERROR", error.message, { cause: error });
}
