import type { Log } from "../../../lib/ports/log.ts";

/** Requests whose answer a harness can lose. */
export type LosableAnswer = "InitProducerId" | "Produce" | "EndTxn";

/** A client whose connection loses answers on order. */
export interface FaultyLog {
  readonly log: Log;
  /** The broker acts on the next request of the kind; its answer never arrives. */
  loseNextAnswer(api: LosableAnswer): void;
  /** Answers lost so far, by every client of the harness. */
  lostCount(): number;
}

/** What a `Log` adapter gives the suite. Names of topics, ids and groups are unique, so a broker may be shared. */
export interface LogHarness {
  /** A client of its own, with its own connections. */
  connect(): Promise<Log>;
  deleteTopic(topic: string): Promise<void>;
  /** Lets time pass, as the broker sees it. */
  pass(ms: number): Promise<void>;
  /** Waits until the broker has compacted the topic, whose settings are `compactSoon`. */
  compact(topic: string): Promise<void>;
  connectWithFaults(): Promise<FaultyLog>;
  close(): Promise<void>;
}

/** What an adapter under test can do: true, or why not. */
export interface LogCapabilities {
  readonly compaction: true | string;
  /** Every marker raises the epoch (protocol 2): then compaction has no sequence to keep, and leaves no empty batch. */
  readonly raisesEpochs: boolean;
  readonly faults: true | string;
}

/** An adapter under test. */
export interface LogSubject {
  readonly capabilities: LogCapabilities;
  /** Longest time between a transaction's timeout and its abort by the broker. */
  readonly timeoutSweepMs: number;
  open(): Promise<LogHarness>;
}

/** Topic settings that make a real broker compact within seconds. */
export const compactSoon: Readonly<Record<string, string>> = {
  "cleanup.policy": "compact",
  "segment.ms": "100",
  "min.cleanable.dirty.ratio": "0",
  "max.compaction.lag.ms": "100",
};
