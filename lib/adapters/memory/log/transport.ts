import { LogError } from "../../../ports/log.ts";

/** Requests that a memory log makes, by Kafka's names. */
export type MemoryApi =
  | "Metadata"
  | "CreateTopics"
  | "DeleteRecords"
  | "ListOffsets"
  | "Fetch"
  | "OffsetFetch"
  | "OffsetCommit"
  | "InitProducerId"
  | "AddPartitionsToTxn"
  | "AddOffsetsToTxn"
  | "TxnOffsetCommit"
  | "Produce"
  | "EndTxn";

/** One request on its way to the broker. */
export interface MemoryCall<T> {
  readonly api: MemoryApi;
  /** Who asks: the `clientId` of `connect`. */
  readonly clientId: string;
  /** The transactional id, for requests that have one. */
  readonly transactionalId: string | undefined;
  /** Lets the broker act and answers what it answered. May be called later, twice or never: that is what networks do. */
  deliver(): T;
}

/**
 * The network between one memory log and its broker: where faults are put in.
 *
 * A transport that calls `deliver` and then throws `LogError` `NETWORK_EXCEPTION` has lost the answer; one that throws first
 * has lost the request; one that throws and delivers later models a late request of a closed connection; one whose
 * promise never settles has killed the client.
 */
export type MemoryTransport = <T>(call: MemoryCall<T>) => Promise<T>;

/** Delivers at once. */
export const directTransport: MemoryTransport = async (call) => call.deliver();

/** A transport that faults can be ordered from, one by one. */
export interface FaultyTransport {
  readonly transport: MemoryTransport;
  /** Loses the answers of the next `count` requests of a kind; the broker has acted on them. */
  loseAnswers(api: MemoryApi, count?: number): void;
  /** Loses the next `count` requests of a kind before the broker sees them. */
  loseRequests(api: MemoryApi, count?: number): void;
  /** Requests and answers lost so far. */
  lostCount(): number;
  /** From now on nothing settles any more: the client is dead, and no clean-up code of it runs. */
  cut(): void;
}

/** Wraps a transport with faults on order; without an order it changes nothing. */
export function faultyTransport(inner: MemoryTransport = directTransport): FaultyTransport {
  const lostAnswers = new Map<MemoryApi, number>();
  const lostRequests = new Map<MemoryApi, number>();
  let isCut = false;
  let lostCount = 0;
  const lose = (api: MemoryApi, what: "request" | "answer") => {
    lostCount++;
    return new LogError("NETWORK_EXCEPTION", `the ${what} of ${api} was lost`, { details: { api } });
  };
  const transport: MemoryTransport = async (call) => {
    if (isCut) return never();
    if (take(lostRequests, call.api)) throw lose(call.api, "request");
    const answer = await inner(call);
    if (isCut) return never();
    if (take(lostAnswers, call.api)) throw lose(call.api, "answer");
    return answer;
  };
  return {
    transport,
    loseAnswers: (api, count = 1) => lostAnswers.set(api, count),
    loseRequests: (api, count = 1) => lostRequests.set(api, count),
    lostCount: () => lostCount,
    cut: () => {
      isCut = true;
    },
  };
}

function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

function take(counts: Map<MemoryApi, number>, api: MemoryApi): boolean {
  const left = counts.get(api) ?? 0;
  if (left === 0) return false;
  counts.set(api, left - 1);
  return true;
}
