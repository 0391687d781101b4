import { ByteSink } from "../core/byte-sink.ts";
import type { Header } from "../records/reader.ts";
import type { Window, Windowed } from "../serde/windowed.ts";
import { FoundRows } from "../state/found-rows.ts";
import type { SessionStore } from "../state/store.ts";
import type { Cursor } from "../topology/cursor.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator, Process } from "../topology/operator.ts";
import type { Aggregator, Initializer } from "./aggregate.ts";
import type { EmitStrategy } from "./final-results.ts";
import { FinalResults } from "./final-results.ts";
import type { KeyedStore } from "./keyed-store.ts";
import type { LateOutput } from "./late-output.ts";
import { LateRecords, withLateOutput } from "./late-output.ts";
import { OwnValues } from "./own-values.ts";

/** Combines the aggregates of two sessions that a record joins, the earlier one first. */
export type Merger<K, A> = (key: K, first: A, second: A) => A;

/** Sessions: records of a key that are at most `gapMs` apart. */
export interface SessionWindowShape {
  readonly gapMs: number;
  /** How late a record may be: how long after gap and end a session still changes, in stream time. */
  readonly graceMs: number;
}

/** What `sessionAggregate` needs. */
export interface SessionAggregateProps<K, V, A> extends KeyedStore, LateOutput {
  readonly windows: SessionWindowShape;
  readonly initializer: Initializer<A>;
  readonly aggregator: Aggregator<K, V, A>;
  readonly merger: Merger<K, A>;
  /** False when the aggregator does not look at values: they are not decoded then. */
  readonly readsValue: boolean;
  readonly emit: EmitStrategy;
}

const NO_HEADERS: readonly Header[] = [];

/**
 * Aggregates per key and session. A record joins all sessions that are at most a gap away; each of them is removed and
 * forwarded as a tombstone, in ascending order, then comes the joined one: the initializer's value merged with their
 * aggregates, and the record added last, whatever its timestamp. Only null keys are dropped. A record is late when the session
 * that it would give ends before stream time minus gap and grace. Results have the timestamp of their session's end and no
 * headers.
 *
 * @source Kafka Streams `KStreamSessionWindowAggregate`
 * @example
 * sessionAggregate({
 *   store: "visits", keySerde: string(), sourceKeyed: true, windows: { gapMs: 1_800_000, graceMs: 60_000 },
 *   initializer: () => 0, aggregator: (key, value, count: number) => count + 1, merger: (key, a, b) => a + b, readsValue: false,
 *   emit: "onWindowUpdate",
 * });
 */
export function sessionAggregate<K, V, A>(props: SessionAggregateProps<K, V, A>): Operator {
  const { keySerde, windows, sourceKeyed, initializer, aggregator, merger, readsValue, emit } = props;
  const { gapMs, graceMs } = windows;
  return Object.freeze<Operator>({
    kind: "session-aggregate",
    ...withLateOutput(props),
    ...(sourceKeyed && {
      touches: (keyText: string, timestampMs: number) => [
        { store: props.store, from: keyText, to: keyText, fromMs: timestampMs - gapMs, toMs: timestampMs + gapMs },
      ],
    }),
    create: (context) => {
      const { next, store: open, clock, dropped } = context;
      const store = open<SessionStore>(props.store);
      const streamTime = clock("stream-time", -1);
      const scratch = new ByteSink(64);
      const found = new FoundRows();
      const own = new OwnValues(context, store, emit !== "onWindowClose");
      const hull = new Hull();
      const final = emit === "onWindowClose" ? new FinalResults(context, props) : undefined;
      const late = new LateRecords(context, props);
      const update = final === undefined ? new SessionUpdate<K>(next) : undefined;
      return (cursor) => {
        if (cursor.keyIsNull) return dropped("null-key");
        const { timestampMs } = cursor;
        if (timestampMs > streamTime.value) streamTime.value = timestampMs;
        const closeMs = streamTime.value - gapMs - graceMs;
        final?.ofSessions(cursor, closeMs - 1, store);
        const keyText = cursor.keyText(keySerde, scratch);
        store.find(keyText, timestampMs - gapMs, timestampMs + gapMs, found);
        hull.of(timestampMs, found);
        if (hull.endMs < closeMs) return late.drop(cursor);
        const key = cursor.key as K;
        const value = (readsValue ? cursor.value : undefined) as V;
        const aggregate = mergedWith(initializer(), found, own, merger, key);
        const { startMs, endMs } = hull;
        update?.begin(cursor, key);
        for (let i = 0; i < found.count && startMs !== endMs; i++) {
          const window = { startMs: found.startsMs[i] as number, endMs: found.endsMs[i] as number };
          store.remove(keyText, window.startMs, window.endMs, timestampMs);
          update?.forward(window, null, found.values[i]);
        }
        const after = aggregator(key, value, aggregate) ?? null;
        store.put(keyText, startMs, endMs, after, timestampMs);
        update?.forward({ startMs, endMs }, after, null);
      };
    },
  });
}

/** An aggregate with those of sessions. @hotPath once per record */
function mergedWith<K, A>(aggregate: A, found: FoundRows, own: OwnValues, merger: Merger<K, A>, key: K): A {
  let merged = aggregate;
  for (let i = 0; i < found.count; i++) {
    const held = found.values[i] as A;
    const theirs = own.of(held);
    merged = own.made(merger(key, merged, theirs), theirs, held);
  }
  return merged;
}

/** Forwards what one record did to sessions of its key. Reused from record to record. */
class SessionUpdate<K> {
  private readonly next: Process;
  private readonly registers = new CursorRegisters();
  private cursor!: Cursor;
  private key!: K;

  constructor(next: Process) {
    this.next = next;
  }

  begin(cursor: Cursor, key: K): void {
    this.cursor = cursor;
    this.key = key;
    this.registers.save(cursor);
  }

  forward(window: Window, after: unknown, before: unknown): void {
    const { cursor, key } = this;
    this.registers.restore(cursor);
    const windowed: Windowed<K> = { key, window };
    cursor.setKey(windowed);
    cursor.setChange(after, before);
    cursor.setHeaders(NO_HEADERS);
    cursor.timestampMs = window.endMs;
    this.next(cursor);
  }
}

/** The session that a record makes of itself and of those near it. */
class Hull {
  startMs = 0;
  endMs = 0;

  of(timestampMs: number, { count, startsMs, endsMs }: FoundRows): void {
    this.startMs = timestampMs;
    this.endMs = timestampMs;
    for (let i = 0; i < count; i++) {
      this.startMs = Math.min(this.startMs, startsMs[i] as number);
      this.endMs = Math.max(this.endMs, endsMs[i] as number);
    }
  }
}
