import { ByteSink } from "../core/byte-sink.ts";
import type { Windowed } from "../serde/windowed.ts";
import { copyValue } from "../state/encode-value.ts";
import { FoundRows } from "../state/found-rows.ts";
import type { WindowStore } from "../state/store.ts";
import type { Cursor } from "../topology/cursor.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator, OperatorContext, Process } from "../topology/operator.ts";
import type { Aggregator, Initializer } from "./aggregate.ts";
import type { EmitStrategy } from "./final-results.ts";
import { FinalResults } from "./final-results.ts";
import type { KeyedStore } from "./keyed-store.ts";
import type { LateOutput } from "./late-output.ts";
import { LateRecords, withLateOutput } from "./late-output.ts";
import { OwnValues } from "./own-values.ts";

/** Windows `[start, start + differenceMs]`, both ends inclusive, where records make them: one ends, one starts beside each. */
export interface SlidingWindowShape {
  readonly differenceMs: number;
  /** How late a record may be: how long after its end a window still changes, in stream time. */
  readonly graceMs: number;
}

/** What `slidingAggregate` needs. */
export interface SlidingAggregateProps<K, V, A> extends KeyedStore, LateOutput {
  readonly windows: SlidingWindowShape;
  readonly initializer: Initializer<A>;
  readonly aggregator: Aggregator<K, V, A>;
  /** False when the aggregator does not look at values: they are not decoded then. */
  readonly readsValue: boolean;
  readonly emit: EmitStrategy;
}

/**
 * Aggregates per key over sliding windows: for each record's time t the window `[t - difference, t]`, and
 * `[t + 1, t + 1 + difference]` once a record is in it; before t = difference the one window `[0, difference]`. A new window
 * starts from the aggregate of an existing one that has the same records. Null keys and null values are dropped, and do not
 * count for stream time. A window is late on its own, when its end is before stream time minus grace.
 *
 * @source Kafka Streams `KStreamSlidingWindowAggregate` (KIP-450)
 * @example
 * slidingAggregate({
 *   store: "counts", keySerde: string(), sourceKeyed: true, windows: { differenceMs: 5_000, graceMs: 0 },
 *   initializer: () => 0, aggregator: (key, value, count: number) => count + 1, readsValue: false,
 *   emit: "onWindowUpdate",
 * });
 */
export function slidingAggregate<K, V, A>(props: SlidingAggregateProps<K, V, A>): Operator {
  const { keySerde, windows, sourceKeyed, readsValue, emit } = props;
  const { differenceMs, graceMs } = windows;
  const firstStart = (timestampMs: number): number => Math.max(0, timestampMs - 2 * differenceMs);
  return Object.freeze<Operator>({
    kind: "sliding-aggregate",
    ...withLateOutput(props),
    ...(sourceKeyed && {
      touches: (keyText: string, timestampMs: number) => [
        { store: props.store, from: keyText, to: keyText, fromMs: firstStart(timestampMs), toMs: timestampMs + 1 },
      ],
    }),
    create: (context) => {
      const { store: open, clock, dropped } = context;
      const store = open<WindowStore>(props.store);
      const streamTime = clock("stream-time", -1);
      const scratch = new ByteSink(64);
      const final = emit === "onWindowClose" ? new FinalResults(context, props) : undefined;
      const late = new LateRecords(context, props);
      const step = new SlidingStep<K, V, A>(props, store, context);
      return (cursor) => {
        if (cursor.keyIsNull) return dropped("null-key");
        if (cursor.valueIsNull) return dropped("null-value");
        const { timestampMs } = cursor;
        if (timestampMs > streamTime.value) streamTime.value = timestampMs;
        const closeMs = streamTime.value - graceMs;
        if (timestampMs + differenceMs < closeMs) return late.drop(cursor);
        final?.ofWindows(cursor, closeMs - 1, { store, sizeMs: differenceMs });
        const keyText = cursor.keyText(keySerde, scratch);
        store.find(keyText, firstStart(timestampMs), timestampMs + 1, step.found);
        const value = (readsValue ? cursor.value : undefined) as V;
        step.begin(cursor, { keyText, key: cursor.key as K, value, closeMs });
        if (timestampMs < differenceMs) step.early();
        else step.inOrder();
        if (!step.isTaken) late.handOut(cursor);
      };
    },
  });
}

/** One record on its way through the windows that it makes or changes. Reused from record to record. */
class SlidingStep<K, V, A> {
  /** Windows with a start from two differences before the record to just behind it, ascending, as they were before it. */
  readonly found = new FoundRows();
  /** Whether a window has taken the record. */
  isTaken = false;
  private readonly props: SlidingAggregateProps<K, V, A>;
  private readonly differenceMs: number;
  private readonly store: WindowStore;
  /** Undefined when updates are not emitted. */
  private readonly next: Process | undefined;
  private readonly own: OwnValues;
  private readonly sink = new ByteSink(64);
  private readonly registers = new CursorRegisters();
  private cursor!: Cursor;
  private keyText = "";
  private key!: K;
  private value!: V;
  private closeMs = 0;
  private timestampMs = 0;
  /** How many of the found windows start at the record's time or before. */
  private before = 0;
  /** What the window just behind the record starts with, if it is to be made. */
  private right: { readonly aggregate: A; readonly timestampMs: number } | undefined;

  constructor(props: SlidingAggregateProps<K, V, A>, store: WindowStore, context: OperatorContext) {
    this.props = props;
    this.differenceMs = props.windows.differenceMs;
    this.store = store;
    const isForwarded = props.emit !== "onWindowClose";
    this.next = isForwarded ? context.next : undefined;
    this.own = new OwnValues(context, store, isForwarded);
  }

  begin(
    cursor: Cursor,
    record: { readonly keyText: string; readonly key: K; readonly value: V; readonly closeMs: number },
  ): void {
    const { found } = this;
    this.cursor = cursor;
    this.keyText = record.keyText;
    this.key = record.key;
    this.value = record.value;
    this.closeMs = record.closeMs;
    this.timestampMs = cursor.timestampMs;
    this.isTaken = false;
    this.registers.save(cursor);
    const rightExists = found.startsMs[found.count - 1] === this.timestampMs + 1 && found.count > 0;
    this.before = rightExists ? found.count - 1 : found.count;
    this.right = rightExists ? undefined : this.rightSource();
  }

  /** A record at or after the difference: windows from the newest to the one that ends before the record. */
  inOrder(): void {
    const { found, timestampMs, differenceMs } = this;
    let previousMs = -1;
    let left: A | undefined;
    let leftExists = false;
    for (let at = this.before - 1; at >= 0; at--) {
      const endMs = (found.startsMs[at] as number) + differenceMs;
      const newestMs = found.timestampsMs[at] as number;
      if (endMs < timestampMs) {
        left = found.values[at] as A;
        previousMs = newestMs;
        break;
      }
      this.updateFound(at);
      if (endMs > timestampMs) continue;
      leftExists = true;
      if (newestMs >= timestampMs) return;
      previousMs = newestMs;
    }
    if (previousMs >= 0 && previousMs + 1 + differenceMs >= timestampMs) this.makeRightOf(previousMs);
    if (!leftExists) {
      const fromLeft = previousMs >= timestampMs - differenceMs && left !== undefined;
      const start = fromLeft ? this.copyOf(left as A) : this.props.initializer();
      this.update(timestampMs - differenceMs, start, timestampMs);
    }
    this.makeRight();
  }

  /** A record before the difference: its ending window is `[0, difference]`. */
  early(): void {
    const { found, timestampMs } = this;
    const combined = this.before > 0 && found.startsMs[0] === 0;
    const newestMs = combined ? (found.timestampsMs[0] as number) : timestampMs;
    for (let at = combined ? 1 : 0; at < this.before; at++) this.updateFound(at);
    this.makeRight();
    if (newestMs < timestampMs) this.makeRightOf(newestMs);
    if (combined) this.updateFound(0);
    else this.update(0, this.props.initializer(), timestampMs);
  }

  /** The newest window that starts up to the record and reaches behind it, if a record is behind. */
  private rightSource(): SlidingStep<K, V, A>["right"] {
    const { found, timestampMs } = this;
    const at = this.before - 1;
    if (at < 0 || (found.startsMs[at] as number) + this.differenceMs <= timestampMs) return undefined;
    const newestMs = found.timestampsMs[at] as number;
    if (newestMs <= timestampMs) return undefined;
    // Copied now: the aggregator may change the window's own aggregate in place.
    return { aggregate: this.copyOf(found.values[at] as A), timestampMs: newestMs };
  }

  /** The window just behind the record, which it is not in. Not checked for lateness: it ends after the record's own. */
  private makeRight(): void {
    const { right } = this;
    if (right === undefined) return;
    this.put(this.timestampMs + 1, right.aggregate, { before: null, timestampMs: right.timestampMs });
  }

  /** The window just behind the record before this one, unless it exists: this record is the first in it. */
  private makeRightOf(previousMs: number): void {
    const { found } = this;
    for (let at = found.count - 1; at >= 0; at--) if (found.startsMs[at] === previousMs + 1) return;
    this.update(previousMs + 1, this.props.initializer(), this.timestampMs);
  }

  private updateFound(at: number): void {
    const { startsMs, values, timestampsMs } = this.found;
    const startMs = startsMs[at] as number;
    if (!this.takes(startMs)) return;
    const held = values[at] as A;
    this.add(startMs, this.own.of(held), { before: held, held, timestampMs: timestampsMs[at] as number });
  }

  /** A window that is not there yet, and what it begins with. */
  private update(startMs: number, before: A, newestMs: number): void {
    if (this.takes(startMs)) this.add(startMs, before, { before, held: undefined, timestampMs: newestMs });
  }

  private takes(startMs: number): boolean {
    return startMs + this.differenceMs >= this.closeMs;
  }

  /** A second row's aggregate: of objects a copy, because the aggregator may change them in place. */
  private copyOf(aggregate: A): A {
    return copyValue(this.store.spec, aggregate, this.sink);
  }

  /** Adds the record to the aggregate of a window. */
  private add(
    startMs: number,
    given: A,
    { before, held, timestampMs }: { readonly before: A; readonly held: A | undefined; readonly timestampMs: number },
  ): void {
    this.isTaken = true;
    const after = this.own.made(this.props.aggregator(this.key, this.value, given) ?? null, given, held);
    this.put(startMs, after, { before, timestampMs: Math.max(timestampMs, this.timestampMs) });
  }

  private put(
    startMs: number,
    after: A | null,
    row: { readonly before: A | null; readonly timestampMs: number },
  ): void {
    const { cursor, key } = this;
    // A deleted row has no timestamp: the changelog then gets the record's.
    this.store.put(this.keyText, startMs, after, after === null ? this.timestampMs : row.timestampMs);
    if (this.next === undefined) return;
    this.registers.restore(cursor);
    const windowed: Windowed<K> = { key, window: { startMs, endMs: startMs + this.differenceMs } };
    cursor.setKey(windowed);
    cursor.setChange(after, row.before);
    cursor.timestampMs = row.timestampMs;
    this.next(cursor);
  }
}
