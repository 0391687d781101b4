import { ByteSink } from "../core/byte-sink.ts";
import type { Windowed } from "../serde/windowed.ts";
import type { WindowStore } from "../state/store.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator, TouchedRange } from "../topology/operator.ts";
import type { Aggregator, Initializer } from "./aggregate.ts";
import type { EmitStrategy } from "./final-results.ts";
import { FinalResults } from "./final-results.ts";
import type { KeyedStore } from "./keyed-store.ts";
import type { LateOutput } from "./late-output.ts";
import { LateRecords, withLateOutput } from "./late-output.ts";
import { OwnValues } from "./own-values.ts";

/** Windows of one size that start every `advanceMs`, aligned to the epoch. */
export interface TimeWindowShape {
  readonly sizeMs: number;
  readonly advanceMs: number;
  /** How late a record may be: how long after its end a window still changes, in stream time. */
  readonly graceMs: number;
  /** Of unlimited windows the start of the only one, which ends with time itself. */
  readonly onlyStartMs?: number;
}

/** What `windowAggregate` needs. */
export interface WindowAggregateProps<K, V, A> extends KeyedStore, LateOutput {
  readonly windows: TimeWindowShape;
  readonly initializer: Initializer<A>;
  readonly aggregator: Aggregator<K, V, A>;
  /** False when the aggregator does not look at values: they are not decoded then. */
  readonly readsValue: boolean;
  readonly emit: EmitStrategy;
}

/** Start of the first window that holds a timestamp. Starts are multiples of the advance, zero or more. */
export function firstWindowStart(timestampMs: number, { sizeMs, advanceMs, onlyStartMs }: TimeWindowShape): number {
  if (onlyStartMs !== undefined) return onlyStartMs;
  return Math.floor(Math.max(0, timestampMs - sizeMs + advanceMs) / advanceMs) * advanceMs;
}

/**
 * Aggregates per key and time window. A record belongs to every window `[start, start + size)` that holds its timestamp, in
 * ascending order of starts; each window is late on its own when its end is at or before stream time minus grace. A record that
 * is late for all its windows goes to the late output. Only null keys are dropped: null values reach the aggregator, as in
 * Kafka Streams.
 *
 * @source Kafka Streams `KStreamWindowAggregate`
 * @example
 * windowAggregate({
 *   store: "counts", keySerde: string(), sourceKeyed: true, windows: { sizeMs: 5_000, advanceMs: 1_000, graceMs: 0 },
 *   initializer: () => 0, aggregator: (key, value, count: number) => count + 1, readsValue: false,
 *   emit: "onWindowUpdate",
 * });
 */
export function windowAggregate<K, V, A>(props: WindowAggregateProps<K, V, A>): Operator {
  const { keySerde, windows, initializer, aggregator, readsValue, emit } = props;
  const { sizeMs, advanceMs, graceMs } = windows;
  return Object.freeze<Operator>({
    kind: "window-aggregate",
    forwardsRows: emit !== "onWindowClose", // what closes goes on at once
    ...withLateOutput(props),
    ...touchesWindows(props),
    create: (context) => {
      const { next, store: open, clock, dropped } = context;
      const store = open<WindowStore>(props.store);
      const streamTime = clock("stream-time", -1);
      const scratch = new ByteSink(64);
      const [registers, own] = [new CursorRegisters(), new OwnValues(context, store, emit !== "onWindowClose")];
      const final = emit === "onWindowClose" ? new FinalResults(context, props) : undefined;
      const late = new LateRecords(context, props);
      return (cursor) => {
        if (cursor.keyIsNull) return dropped("null-key");
        const timestampMs = cursor.timestampMs;
        if (timestampMs > streamTime.value) streamTime.value = timestampMs;
        const closedMs = streamTime.value - graceMs;
        final?.ofWindows(cursor, closedMs, { store, sizeMs });
        const keyText = cursor.keyText(keySerde, scratch);
        const key = cursor.key as K;
        const value = (readsValue ? cursor.value : undefined) as V;
        if (advanceMs < sizeMs) registers.save(cursor);
        for (let startMs = firstWindowStart(timestampMs, windows); startMs <= timestampMs; startMs += advanceMs) {
          const endMs = startMs + sizeMs;
          if (endMs <= closedMs) {
            dropped("late");
            continue;
          }
          const row = store.get(keyText, startMs);
          const before = row === undefined ? initializer() : (row.value as A);
          const atMs = row !== undefined && row.timestampMs > timestampMs ? row.timestampMs : timestampMs;
          const given = row === undefined ? before : own.of(before);
          const after = own.made(aggregator(key, value, given) ?? null, given, row && before);
          store.put(keyText, startMs, after, after === null ? timestampMs : atMs); // a deleted row has no timestamp
          if (final !== undefined) continue;
          if (advanceMs < sizeMs) registers.restore(cursor);
          cursor.setKey({ key, window: { startMs, endMs } } satisfies Windowed<K>);
          cursor.setChange(after, before);
          cursor.timestampMs = atMs;
          next(cursor);
        }
        if (isLateForAll(timestampMs, windows, closedMs)) late.handOut(cursor);
      };
    },
  });
}

function touchesWindows(props: KeyedStore & { readonly windows: TimeWindowShape }): Pick<Operator, "touches"> {
  const { store, windows, sourceKeyed } = props;
  if (!sourceKeyed) return {};
  return {
    touches: (keyText: string, timestampMs: number): readonly TouchedRange[] => {
      const fromMs = firstWindowStart(timestampMs, windows);
      return [{ store, from: keyText, to: keyText, fromMs, toMs: lastWindowStart(timestampMs, windows) }];
    },
  };
}

/** Start of the last window that may hold a timestamp: the only one of unlimited windows may start later. */
function lastWindowStart(timestampMs: number, { advanceMs, onlyStartMs }: TimeWindowShape): number {
  return onlyStartMs ?? Math.floor(timestampMs / advanceMs) * advanceMs;
}

/** Whether even the last window of a timestamp is over; a timestamp without a window is not late. */
function isLateForAll(timestampMs: number, windows: TimeWindowShape, closedMs: number): boolean {
  const startMs = lastWindowStart(timestampMs, windows);
  return startMs <= timestampMs && startMs + windows.sizeMs <= closedMs;
}
