import { StreamError } from "../core/errors.ts";
import { isTimestamp, LATEST_TIMESTAMP_MS } from "../core/latest-timestamp.ts";
import { RecordHeaders } from "../records/headers.ts";
import { openTypedStore } from "../state/typed/open-typed-store.ts";
import type { StateStore, StoreBuilder } from "../state/typed/state-store.ts";
import { Cursor } from "../topology/cursor.ts";
import type { OperatorContext } from "../topology/operator.ts";
import type { Cancellable, ScheduleOptions } from "../topology/punctuation.ts";
import type { ProcessingContext, Punctuator, RecordMetadata } from "./processing-context.ts";
import type { RecordParts } from "./processor-record.ts";

/** What a punctuator forwards has no source. */
const nowhere = new Cursor();

/** Keys of a record that may be anything. */
type AnyRecord = RecordParts<unknown, unknown>;

/**
 * The world of one instance of user code: its context, and what is being processed in it.
 *
 * Forwarded records travel in a cursor of their own, so that the record that came in stays as it was; key and value that were
 * not replaced keep their bytes.
 */
export class ProcessorScope implements ProcessingContext {
  private readonly operator: OperatorContext;
  private readonly stores = new Map<string, StateStore>();
  private readonly out = new Cursor();
  private cursor: Cursor | undefined;
  private timeMs: number | undefined;

  constructor(operator: OperatorContext) {
    this.operator = operator;
  }

  /** Runs user code on a record. */
  run<T>(cursor: Cursor, work: (record: T) => void, record: T): void {
    this.enter(cursor, cursor.timestampMs);
    try {
      work(record);
    } finally {
      this.leave();
    }
  }

  /** From here on user code works at a time, on a record or on a row, which has no source. */
  enter(cursor: Cursor | undefined, timeMs: number): void {
    this.cursor = cursor;
    this.timeMs = timeMs;
  }

  /** Whatever became of it: what runs next must not find its record. */
  leave(): void {
    this.cursor = undefined;
    this.timeMs = undefined;
  }

  applicationId(): string {
    return this.operator.task.applicationId;
  }

  taskId(): string {
    return this.operator.task.taskId;
  }

  recordMetadata(): RecordMetadata | undefined {
    const { cursor } = this;
    if (cursor === undefined || cursor.topic === "") return undefined;
    return { topic: cursor.topic, partition: cursor.partition, offset: cursor.offset };
  }

  currentStreamTimeMs(): number {
    return this.operator.task.streamTimeMs();
  }

  currentSystemTimeMs(): number {
    return this.operator.task.nowMs();
  }

  getStateStore<S extends StateStore>(asked: StoreBuilder<S> | string): S {
    const name = typeof asked === "string" ? asked : asked.spec.name;
    let store = this.stores.get(name);
    if (store === undefined) {
      // A store that is written at the start has no record to take the time from.
      store = openTypedStore(this.operator.store(name), () => this.timeMs ?? Math.max(0, this.currentStreamTimeMs()));
      this.stores.set(name, store);
    }
    return store as S;
  }

  schedule(options: ScheduleOptions, punctuator: Punctuator): Cancellable {
    return this.operator.schedule(options, (timestampMs) => {
      this.enter(undefined, timestampMs);
      try {
        punctuator(timestampMs);
      } finally {
        this.leave();
      }
    });
  }

  commit(): void {
    this.operator.task.requestCommit();
  }

  forward(record: AnyRecord, child?: string): void {
    const { timeMs } = this;
    if (timeMs === undefined) {
      throw new StreamError(
        "PROCESSING_FAILED",
        "forward was called outside of process and punctuators: nothing runs then",
      );
    }
    const next = child === undefined ? this.operator.next : this.operator.child(child);
    next(this.fill(record));
  }

  private fill({ key, value, timestampMs, headers }: AnyRecord): Cursor {
    if (!isTimestamp(timestampMs) || timestampMs < 0) {
      throw new StreamError(
        "TIMESTAMP_INVALID",
        `a record was forwarded with timestamp ${String(timestampMs)}: give whole milliseconds, from 0 to ${LATEST_TIMESTAMP_MS}`,
      );
    }
    const { out, cursor = nowhere } = this;
    out.copyFrom(cursor);
    if (isReplaced(key, cursor === nowhere ? undefined : cursor.key)) out.setKey(key);
    if (isReplaced(value, cursor === nowhere ? undefined : cursor.value)) out.setValue(value);
    out.timestampMs = timestampMs;
    out.setHeaders(RecordHeaders.of(headers).list);
    return out;
  }
}

/** An object may have been changed where it stood: then its bytes are not the record's any more. */
function isReplaced(after: unknown, before: unknown): boolean {
  return after !== before || (typeof after === "object" && after !== null);
}
