import type { StoreHandle } from "../state/store.ts";
import type { Cursor } from "./cursor.ts";

/** One step of a chain: looks at the cursor, may change it, calls what is below. Synchronous, runs to completion. */
export type Process<K = unknown, V = unknown> = (cursor: Cursor<K, V>) => void;

/** What an operator instance gets from its task. */
export interface OperatorContext {
  /** Everything below, in the order in which it was connected. Restores the cursor between several children itself. */
  readonly next: Process;
  /** A store that the node declares. The kind follows from its spec. */
  store<S extends StoreHandle>(name: string): S;
  /**
   * A clock of this operator that survives restarts: stored in the position record with every commit, rolled back by an
   * abort. Starts at `initial`. For stream time of windows, sequence numbers and the like; at most a few per operator.
   */
  clock(name: string, initial: number): OperatorClock;
  /** Counts a record that the operator drops on purpose, by Kafka Streams' reason. */
  dropped(reason: "null-key" | "null-value" | "late"): void;
}

/** A number that belongs to a commit. */
export interface OperatorClock {
  value: number;
}

/** A range of serialized keys of one store, as latin1 text: `[from, to]`, both ends inclusive. */
export interface TouchedRange {
  readonly store: string;
  readonly from: string;
  readonly to: string;
  /** Window starts `[fromMs, toMs]` for window stores; for session stores sessions that overlap `[fromMs, toMs]`. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/**
 * An operator: frozen data plus two pure functions. One per file in `operators/`.
 *
 * `create` makes an instance for a task. `touches` answers which keys of which stores a record with this *source* key and
 * time can make the operator read. It is only an optimisation (prefetch); undefined means "cannot know".
 */
export interface Operator {
  readonly kind: string;
  readonly create: (context: OperatorContext) => Process;
  readonly touches?: (keyText: string, timestampMs: number) => readonly TouchedRange[];
}
