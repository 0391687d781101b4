/**
 * Calls of asynchronous functions for records that come next, before the task takes them.
 *
 * Owns: which records are looked ahead at, the calls that run for them, and their answers. Does not own: taking records (queue), and
 * what a failed call means (the operator throws it, a handler decides).
 *
 * Invariants
 * - A1 records stay in their order: only the first one can be taken, and only when its calls have ended.
 * - A2 of one key one call runs at a time, in the order of the records.
 * - A3 nothing of a call belongs to a transaction: a record that was looked ahead at is not processed, so no position is beyond it.
 */
import { StreamError } from "../core/errors.ts";
import { HeldRecord } from "../records/held-record.ts";
import type { RecordReader } from "../records/reader.ts";
import { Cursor, type CursorSource } from "../topology/cursor.ts";
import type { AheadCall, AheadNode } from "../topology/operator.ts";

/** What calls need of the world. */
export interface CallSurroundings {
  /** Resolves after `ms`, or when `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A record may be ready now. */
  wake(): void;
}

/** What became of a call. */
type Answer = { readonly value: unknown } | { readonly failure: unknown };

/** A record that is looked ahead at. */
interface AheadRecord {
  readonly record: HeldRecord;
  readonly answers: Map<string, Answer>;
  readonly dropped: AbortController;
  running: number;
}

/** The calls for the next records of one input. */
export class AheadCalls {
  private readonly nodes: readonly AheadNode[];
  private readonly source: CursorSource;
  private readonly surroundings: CallSurroundings;
  private readonly most: number;
  private readonly records: AheadRecord[] = [];
  /** The last call of each key that runs or waits. */
  private readonly lastOfKey = new Map<string, Promise<void>>();
  private readonly cursor = new Cursor();

  constructor(nodes: readonly AheadNode[], source: CursorSource, surroundings: CallSurroundings) {
    this.nodes = nodes;
    this.source = source;
    this.surroundings = surroundings;
    this.most = Math.min(...nodes.map(({ call }) => call.concurrency));
  }

  get isFull(): boolean {
    return this.records.length >= this.most;
  }

  get isEmpty(): boolean {
    return this.records.length === 0;
  }

  /** The first record, if its calls have ended. */
  get ready(): HeldRecord | undefined {
    const first = this.records[0];
    return first?.running === 0 ? first.record : undefined;
  }

  /** Starts the calls for the record that a reader stands on. */
  add(reader: RecordReader): void {
    const record = new HeldRecord(reader);
    const ahead: AheadRecord = { record, answers: new Map(), dropped: new AbortController(), running: 0 };
    this.records.push(ahead);
    this.cursor.bind(record, record.timestampMs, this.source);
    let key: unknown;
    let value: unknown;
    try {
      ({ key, value } = this.cursor);
    } catch (failure) {
      for (const { node } of this.nodes) ahead.answers.set(node, { failure });
      return;
    }
    for (const { node, call } of this.nodes) void this.run(ahead, node, () => this.call(call, { key, value, ahead }));
  }

  /** What the first record's call for a node gave. @throws what the call failed with */
  answer(node: string): unknown {
    const answer = this.records[0]?.answers.get(node);
    if (answer === undefined) throw new StreamError("INVARIANT_BROKEN", `${node} was not called for this record`);
    if ("failure" in answer) throw answer.failure;
    return answer.value;
  }

  /** The first record was taken. */
  shift(): void {
    this.records.shift();
  }

  /** Gives up whatever runs. */
  clear(): void {
    for (const { dropped } of this.records) dropped.abort();
    this.records.length = 0;
    this.lastOfKey.clear();
  }

  private async run(ahead: AheadRecord, node: string, call: () => Promise<Answer>): Promise<void> {
    const { record, answers, dropped } = ahead;
    ahead.running++;
    const { keyStart, keyLength } = record;
    const lane = keyLength < 0 ? undefined : `${node} ${record.bytes.latin1Slice(keyStart, keyStart + keyLength)}`;
    const before = lane === undefined ? undefined : this.lastOfKey.get(lane);
    const ended = (before ?? Promise.resolve()).then(async () => {
      if (!dropped.signal.aborted) answers.set(node, await call());
    });
    if (lane !== undefined) this.lastOfKey.set(lane, ended);
    await ended;
    ahead.running--;
    if (lane !== undefined && this.lastOfKey.get(lane) === ended) this.lastOfKey.delete(lane);
    if (!dropped.signal.aborted) this.surroundings.wake();
  }

  /** Never rejects: a failure is an answer. */
  private async call(
    { call, timeoutMs }: AheadCall,
    { key, value, ahead }: { key: unknown; value: unknown; ahead: AheadRecord },
  ): Promise<Answer> {
    const over = new AbortController();
    const end = (): void => over.abort();
    ahead.dropped.signal.addEventListener("abort", end, { once: true });
    const answered = (async (): Promise<Answer> => ({ value: await call(value, key, over.signal) }))().catch(
      (failure: unknown) => ({ failure }),
    );
    const rested = new AbortController();
    const late = this.surroundings.sleep(timeoutMs, rested.signal).then((): Answer => {
      return { failure: new Error(`no answer within ${timeoutMs} ms`) };
    });
    const answer = await Promise.race([answered, late]);
    ahead.dropped.signal.removeEventListener("abort", end);
    rested.abort();
    over.abort();
    return answer;
  }
}
