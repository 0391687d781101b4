import type { StoreHandle } from "../state/store.ts";
import type { Cursor } from "./cursor.ts";
import type { Cancellable, ScheduleOptions } from "./punctuation.ts";

/** One step of a chain: looks at the cursor, may change it, calls what is below. Synchronous, runs to completion. */
export type Process<K = unknown, V = unknown> = (cursor: Cursor<K, V>) => void;

/** What an operator instance gets from its task. */
export interface OperatorContext {
  /** Everything below, in the order in which it was connected. Restores the cursor between several children itself. */
  readonly next: Process;
  /** One of the nodes below. @throws {StreamError} `TOPOLOGY_INVALID` when there is none of this name */
  child(name: string): Process;
  /** The task that the operator works in: for user code that asks. */
  readonly task: TaskFacts;
  /** What the operator's own call has answered for the record in process. @throws what it failed with */
  answer(): unknown;
  /** A store that the node declares, or a global one, to be read only. The kind follows from its spec. @throws {StreamError} `TOPOLOGY_INVALID` for others */
  store<S extends StoreHandle>(name: string): S;
  /** A global store; to be read only. */
  globalStore<S extends StoreHandle>(name: string): S;
  /**
   * A clock of this operator that survives restarts: stored in the position record with every commit, rolled back by an
   * abort. Starts at `initial`. For stream time of windows, sequence numbers and the like; at most a few per operator.
   * Nodes that keep their clocks under one name share them.
   */
  clock(name: string, initial: number): OperatorClock;
  /** Counts a record that the operator drops on purpose; reasons are Kafka Streams' where it has one. */
  dropped(reason: "null-key" | "null-value" | "late" | "stale" | "out-of-order" | "duplicate" | "unchanged"): void;
  /** Calls `fire` whenever it is due, until it is cancelled or the instance ends. Allowed from the start on. */
  schedule(options: ScheduleOptions, fire: (timestampMs: number) => void): Cancellable;
  /**
   * Drops the open transaction, whose records are taken again from the committed state: for what an operator notices too late.
   * Handlers are not asked. Undefined where the task cannot do that: where record caches are flushed as it commits.
   *
   * @throws {StreamError} `TRANSACTION_ABORTED`
   */
  readonly takeAgain?: ((reason: string) => never) | undefined;
  /**
   * For operators with state of their own in memory: `start` is called before the first record, when stores and clocks are
   * restored, and again after an abort has rolled them back; `close` before that, and at the end.
   */
  lifecycle(hooks: LifecycleHooks): void;
}

/** What a task tells user code about itself. */
export interface TaskFacts {
  readonly applicationId: string;
  readonly taskId: string;
  /** Largest timestamp that the task has seen, -1 at first. */
  streamTimeMs(): number;
  /** Wall-clock time. */
  nowMs(): number;
  /** Asks for a commit soon. */
  requestCommit(): void;
}

/** Beginning and end of an operator instance. */
export interface LifecycleHooks {
  readonly start: () => void;
  readonly close: () => void;
}

/** An asynchronous call for a record, made before its task takes it. */
export interface AheadCall {
  readonly call: (value: unknown, key: unknown, signal: AbortSignal) => Promise<unknown>;
  /** Records of an input partition that are looked ahead at. */
  readonly concurrency: number;
  readonly timeoutMs: number;
}

/** A node that has such a call. */
export interface AheadNode {
  readonly node: string;
  readonly call: AheadCall;
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
  /** True for a node of a table that forwards every row that it puts into its store: a record cache may hold these back. */
  readonly forwardsRows?: boolean;
  /** A node below that `next` leaves out: the operator calls it by its name. */
  readonly aside?: string | undefined;
  /** A call that is made for every record before the task takes it. Only for a node directly below a source. */
  readonly ahead?: AheadCall;
  readonly create: (context: OperatorContext) => Process;
  readonly touches?: (keyText: string, timestampMs: number) => readonly TouchedRange[];
}
