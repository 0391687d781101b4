/**
 * Everything the console page shows, as one plain JSON object. The runtime fills it, the server sends it, the page draws it.
 *
 * Wall times are milliseconds since the epoch; event times are the records' own. `null` means "not known now", never 0.
 * Lists are bounded by whoever fills them; the bound is named at each list.
 */
export interface ConsoleState {
  readonly app: ConsoleApp;
  /** Wall time of this state. */
  readonly nowMs: number;
  readonly status: ConsoleStatus;
  /** One sentence beside the status, for example what is being waited for or why it failed. */
  readonly statusNote?: string;
  readonly input: ConsoleInput;
  /** What the workers have committed; a rate is over about the last two seconds. */
  readonly processed: { readonly perSecond: number; readonly total: number };
  /** Records per input partition between its end and the committed position, in partition order; `null` when unknown. */
  readonly lagByPartition: readonly (number | null)[];
  /** How many workers the coordinator wants now, and why in one sentence. */
  readonly plan: { readonly workers: number; readonly reason: string };
  /** Living workers and those that ended in the last few seconds; at most 32. */
  readonly workers: readonly ConsoleWorker[];
  /** Every pin, in order. */
  readonly pins: readonly ConsolePin[];
  readonly snapshots: {
    readonly total: number;
    /** Newest first, at most 12. */
    readonly recent: readonly ConsoleSnapshot[];
  };
  readonly audit: ConsoleAudit;
  readonly table: ConsoleTable;
  /** What happened to killed workers' pins; newest first, at most 8. */
  readonly takeovers: readonly ConsoleTakeover[];
  /** Newest first, at most 60. */
  readonly events: readonly ConsoleEvent[];
}

/** Life cycle of what the page watches. */
export type ConsoleStatus = "starting" | "running" | "draining" | "stopped" | "failed";

/** What is running, and on what. */
export interface ConsoleApp {
  readonly id: string;
  readonly mode: "embedded" | "kafka";
  /** For a person: "embedded log in ./data" or "Kafka at localhost:9092". */
  readonly log: string;
  /** How a worker is run here, and so what a kill does: "in this process" or "child process (SIGKILL)". */
  readonly workers: string;
  readonly version: string;
  readonly startedAtMs: number;
}

/** The input and its slider. */
export interface ConsoleInput {
  readonly title: string;
  /** What of it is real; a sentence. */
  readonly real: string;
  /** What of it is made up; a sentence. */
  readonly synthetic: string;
  readonly perSecond: number;
  readonly total: number;
  readonly loadFactor: number;
  readonly loadFactorMax: number;
}

/** A worker. */
export interface ConsoleWorker {
  readonly id: string;
  readonly status: "starting" | "ready" | "draining" | "stopped" | "dead";
  readonly pins: readonly number[];
  readonly perSecond: number;
  readonly total: number;
  readonly startedAtMs: number;
  /** Milliseconds that it has left, for workers with a deadline. */
  readonly remainingMs: number | null;
  /** When it ended. */
  readonly endedAtMs: number | null;
}

/** A pin: its partitions, who holds it, how far it is. */
export interface ConsolePin {
  readonly pin: number;
  readonly partitions: readonly number[];
  readonly owner: string | null;
  /** `asleep`: no worker and none needed. `waiting`: no worker yet. `restoring`: claimed, not yet processing. */
  readonly status: "asleep" | "waiting" | "restoring" | "running";
  readonly epoch: number;
  readonly lag: number | null;
  /** Newest published snapshot; `null` before the first. */
  readonly snapshotVersion: number | null;
  readonly snapshotAtMs: number | null;
  /** Committed changelog records behind the newest snapshot. */
  readonly tailRecords: number | null;
}

/** A published snapshot. */
export interface ConsoleSnapshot {
  readonly pin: number;
  readonly version: number;
  readonly epoch: number;
  readonly worker: string;
  readonly atMs: number;
  readonly rows: number;
  readonly sizeBytes: number;
  readonly tookMs: number;
}

/** The table beside an independent computation of what it must hold, both at the same position. */
export interface ConsoleAudit {
  /** `waiting` until something was compared. */
  readonly status: "waiting" | "equal" | "different";
  /** Trades that both sides have counted. */
  readonly records: number;
  readonly tableCount: number;
  readonly expectedCount: number;
  /** Sum of the absolute differences, row by row. */
  readonly difference: number;
  readonly rowsCompared: number;
  readonly rowsDiffering: number;
  /** Records of the output topic, and how many there must be at the same position. */
  readonly outputs: number;
  readonly outputsExpected: number;
  /** Windows of late records that were left out on purpose. */
  readonly lateWindows: number;
  readonly comparisons: number;
  readonly comparedAtMs: number | null;
  /** First rows that differ; at most 5. */
  readonly examples: readonly string[];
}

/** The live table: per key the newest window that has ended by stream time, or the newest one while there is none. */
export interface ConsoleTable {
  readonly store: string;
  /** Largest event time that the table has seen; `null` while it is empty. */
  readonly streamTimeMs: number | null;
  readonly windowSizeMs: number;
  /** One row per key, at most 60. */
  readonly rows: readonly ConsoleRow[];
}

/** A row of the windowed table. */
export interface ConsoleRow {
  readonly key: string;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  readonly count: number;
  readonly min: number;
  readonly average: number;
}

/** A killed worker and where its pins went. */
export interface ConsoleTakeover {
  readonly worker: string;
  readonly killedAtMs: number;
  /** When the coordinator declared it dead; `null` while it has not. */
  readonly noticedAfterMs: number | null;
  /** After how long the coordinator declares a silent worker dead. */
  readonly deadAfterMs: number;
  readonly pins: readonly {
    readonly pin: number;
    readonly worker: string | null;
    /** From the kill to the first commit of the new owner; `null` while it has not committed. */
    readonly afterMs: number | null;
  }[];
}

/** One line of the log of events. */
export interface ConsoleEvent {
  /** Rises by one per event; never reused. */
  readonly number: number;
  readonly atMs: number;
  readonly kind: ConsoleEventKind;
  /** A short sentence. */
  readonly text: string;
}

/** What an event is about: decides its mark, never its meaning. */
export type ConsoleEventKind =
  | "start"
  | "stop"
  | "kill"
  | "dead"
  | "takeover"
  | "plan"
  | "snapshot"
  | "load"
  | "warning"
  | "error";

/** A look-up in the table. */
export interface LookUpQuery {
  readonly store: string;
  readonly key: string;
  /** Window starts, both ends inclusive; undefined is open. */
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly freshness: "snapshot" | "committed";
}

/** The answer to a look-up, with the position that it reflects. */
export interface LookUpAnswer {
  readonly store: string;
  readonly key: string;
  readonly freshness: "snapshot" | "committed";
  readonly pin: number;
  /** By window start; at most 200. */
  readonly rows: readonly ConsoleRow[];
  /** Next input offset per partition: `topic:partition` → offset. Everything below is in the answer. */
  readonly position: Readonly<Record<string, number>>;
  readonly snapshotVersion: number | null;
  /** Changelog records that were read behind the snapshot. */
  readonly tailRecords: number;
  readonly tookMs: number;
}

/** What became of a kill. A worker that has ended meanwhile is an expected race, not a failure. */
export type KillOutcome = { readonly kind: "killed" } | { readonly kind: "gone" };

/** What the page can do. */
export interface ConsoleActions {
  /** Kills a worker for real: its ports stop answering (or SIGKILL); no clean-up code runs. */
  kill(worker: string): Promise<KillOutcome>;
  /** Sets the load factor, in `[0, loadFactorMax]`. */
  setLoad(factor: number): void;
  /** @throws {StreamError} `STORE_UNKNOWN`, `QUERY_INVALID`, and what the query throws */
  lookUp(query: LookUpQuery): Promise<LookUpAnswer>;
}

/** One point of the charts; the server keeps the last minutes, so a page that opens late has them too. */
export interface ConsoleSample {
  readonly atMs: number;
  readonly inPerSecond: number;
  readonly processedPerSecond: number;
  readonly lagByPartition: readonly (number | null)[];
  readonly ready: number;
  readonly starting: number;
  readonly draining: number;
}
