import { StreamError } from "../core/errors.ts";
import type { RecordReader } from "../records/reader.ts";
import type { StoreHandle, TaskStore } from "../state/store.ts";
import { Cursor } from "../topology/cursor.ts";
import type { GlobalStore, GlobalUpdater } from "../topology/node.ts";
import type { LifecycleHooks, OperatorContext, Process, TaskFacts } from "../topology/operator.ts";

/** What a global store knows of its process. */
export interface GlobalFacts {
  readonly applicationId: string;
  /** Wall-clock time. */
  readonly nowMs: () => number;
}

/** Runs a user's processor on the records of a global topic: it has the store, and nothing below it. */
export class GlobalUpdating {
  private readonly global: GlobalStore;
  private readonly updater: GlobalUpdater;
  private readonly store: TaskStore;
  private readonly process: Process;
  private readonly cursor = new Cursor();
  private readonly hooks: LifecycleHooks[] = [];
  private streamTimeMs = -1;
  private running = false;

  constructor(global: GlobalStore & { readonly updater: GlobalUpdater }, store: TaskStore, facts: GlobalFacts) {
    this.global = global;
    this.updater = global.updater;
    this.store = store;
    this.process = global.updater.operator.create(this.context(facts));
  }

  /**
   * Takes all records of a reader, or none: after a failure they come again.
   *
   * @throws {StreamError} `PROCESSING_FAILED`, `DESERIALIZATION_FAILED`
   */
  apply(partition: number, records: RecordReader): void {
    const { cursor, store, global, updater } = this;
    const { keySerde, valueSerde } = updater;
    this.start();
    try {
      while (records.advance()) {
        cursor.bind(records, records.timestampMs, { topic: global.topic, partition, keySerde, valueSerde });
        if (records.timestampMs > this.streamTimeMs) this.streamTimeMs = records.timestampMs;
        this.process(cursor);
      }
    } catch (cause) {
      store.drop();
      this.close();
      throw this.failure(cause);
    }
    store.seal({ row: () => {} });
    store.acknowledge();
  }

  /** Ends user code. */
  close(): void {
    if (!this.running) return;
    this.running = false;
    for (const { close } of this.hooks) close();
  }

  private start(): void {
    if (this.running) return;
    this.running = true;
    for (const { start } of this.hooks) start();
  }

  private context(facts: GlobalFacts): OperatorContext {
    const refuse = (what: string) => (): never => {
      throw new StreamError("TOPOLOGY_INVALID", `${this.global.processor} ${what}: it only writes its global store`, {
        details: { node: this.global.processor },
      });
    };
    const task: TaskFacts = {
      ...facts,
      taskId: "global",
      streamTimeMs: () => this.streamTimeMs,
      requestCommit: () => {},
    };
    return {
      task,
      next: refuse("forwards a record"),
      child: refuse("forwards a record"),
      answer: refuse("makes a call"),
      store: <S extends StoreHandle>(name: string): S =>
        name === this.store.spec.name ? (this.store as StoreHandle as S) : refuse(`asks for store ${name}`)(),
      globalStore: refuse("asks for a global store"),
      clock: refuse("keeps a clock"),
      schedule: refuse("schedules a punctuator"),
      dropped: () => {},
      lifecycle: (hooks) => {
        this.hooks.push(hooks);
      },
    };
  }

  private failure(cause: unknown): StreamError {
    const { topic, partition, offset } = this.cursor;
    const code = cause instanceof StreamError ? cause.code : "PROCESSING_FAILED";
    const reason = cause instanceof Error ? cause.message : String(cause);
    const { processor } = this.global;
    return new StreamError(code, `${processor} failed on ${topic}-${partition}@${offset}: ${reason}`, {
      details: { node: processor, topic, partition, offset },
      cause,
    });
  }
}
