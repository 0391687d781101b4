import { type FetchAnswer, type FetchPartition, fetchRequest } from "./api/fetch.ts";
import { answerError } from "./failures.ts";
import { Deadline } from "./transport/deadline.ts";
import type { Address, Links } from "./transport/links.ts";

/** What one leader is asked. */
export interface PollFields {
  readonly address: Address;
  readonly partitions: readonly FetchPartition[];
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
  readonly rack: string;
}

/** How a poll ended. */
export type PollOutcome =
  | { readonly kind: "answer"; readonly answer: FetchAnswer }
  | { readonly kind: "failed"; readonly error: Error };

/** A Fetch that is under way at one leader. */
export class Poll {
  readonly partitions: readonly FetchPartition[];
  readonly done: Promise<PollOutcome>;
  /** Set once it has ended. */
  outcome: PollOutcome | undefined;

  constructor(partitions: readonly FetchPartition[], done: Promise<PollOutcome>) {
    this.partitions = partitions;
    this.done = done.then((outcome) => {
      this.outcome = outcome;
      return outcome;
    });
  }

  /** True when it ended with anything but "nothing new". */
  get isUseful(): boolean {
    if (this.outcome === undefined) return false;
    if (this.outcome.kind === "failed") return true;
    return this.outcome.answer.partitions.some(({ errorCode, batches }) => errorCode !== 0 || batches.length > 0);
  }
}

/** How long a poll that nobody claims is kept. */
const PARKED_MS = 10_000;

/**
 * Polls of the leaders of a fetch. When one leader has records, the fetch does not wait for the others: their polls are
 * parked and claimed by the next fetch from the same positions, so nothing is asked twice and nothing waits for the idle.
 */
export class FetchPolls {
  private readonly links: Links;
  private readonly parked = new Map<string, { readonly poll: Poll; readonly until: Deadline }>();

  constructor(links: Links) {
    this.links = links;
  }

  /** Claims the parked poll of the same positions, or begins one. */
  start(fields: PollFields, deadline: Deadline): Poll {
    for (const [key, { until }] of this.parked) if (until.passed) this.parked.delete(key);
    const key = signature(fields.address, fields.partitions);
    const kept = this.parked.get(key);
    this.parked.delete(key);
    return kept?.poll ?? new Poll(fields.partitions, this.ask(fields, deadline));
  }

  /** Keeps a poll that is still under way for the next fetch. */
  park(address: Address, poll: Poll): void {
    this.parked.set(signature(address, poll.partitions), { poll, until: new Deadline(PARKED_MS) });
  }

  private async ask({ address, ...fields }: PollFields, deadline: Deadline): Promise<PollOutcome> {
    try {
      const link = this.links.toIdleFetch(address);
      const answer = await link.send(fetchRequest(fields), { deadline, expectedWaitMs: fields.maxWaitMs });
      const error = answerError(answer.errorCode, { request: "Fetch" });
      return error === undefined ? { kind: "answer", answer } : { kind: "failed", error };
    } catch (error) {
      return { kind: "failed", error: error as Error };
    }
  }
}

/** Resolves when one poll has something to tell, when all have ended, or when the limit has passed. */
export function firstUseful(polls: readonly Poll[], limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    let left = polls.length;
    const timer = setTimeout(resolve, limitMs);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    if (left === 0) end();
    for (const poll of polls) {
      void poll.done.then(() => {
        left--;
        if (left === 0 || poll.isUseful) end();
      });
    }
  });
}

function signature({ host, port }: Address, partitions: readonly FetchPartition[]): string {
  const positions = partitions.map(({ topic, partition, offset }) => `${topic}:${partition}@${offset}`);
  return `${host}:${port} ${positions.sort().join(" ")}`;
}
