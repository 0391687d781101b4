import { ByteSink } from "../core/byte-sink.ts";
import { int32Text } from "../serde/int32-text.ts";
import type { Serde } from "../serde/serde.ts";
import { FoundRows } from "../state/found-rows.ts";
import type { WindowStore } from "../state/store.ts";
import type { Cursor } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";
import type { KeyedStore } from "./keyed-store.ts";
import type { LateOutput } from "./late-output.ts";
import { LateRecords, withLateOutput } from "./late-output.ts";

/** What makes two records of a key the same. */
export interface DistinctId<K, V> {
  readonly by: (value: V, key: K) => unknown;
  readonly serde: Serde<unknown>;
}

/** What `distinct` needs. */
export interface DistinctProps<K, V> extends KeyedStore, LateOutput {
  /** Records that are less than this apart are compared. */
  readonly withinMs: number;
  readonly graceMs: number;
  /** Undefined: all records of a key are the same. */
  readonly id: DistinctId<K, V> | undefined;
}

/** There is a row, and that is all. */
const HERE = Buffer.alloc(0);

/**
 * Forwards a record unless one with the same key, and the same id, was forwarded whose timestamp is less than `withinMs` away:
 * of those that came, the first one counts, not the earliest. Null keys are dropped. A record that is older than stream time
 * minus grace is late: what it could be compared with may be forgotten.
 *
 * @example
 * distinct({ store: "seen", keySerde: string(), sourceKeyed: true, withinMs: 60_000, graceMs: 10_000, id: undefined });
 */
export function distinct<K, V>(props: DistinctProps<K, V>): Operator {
  const { store: name, sourceKeyed, withinMs, graceMs, id } = props;
  return Object.freeze<Operator>({
    kind: "distinct",
    ...withLateOutput(props),
    ...(sourceKeyed &&
      id === undefined && {
        touches: (keyText: string, timestampMs: number) => [
          {
            store: name,
            from: keyText,
            to: keyText,
            fromMs: timestampMs - withinMs + 1,
            toMs: timestampMs + withinMs - 1,
          },
        ],
      }),
    create: (context) => {
      const { next, store: open, clock, dropped } = context;
      const store = open<WindowStore>(name);
      const streamTime = clock("stream-time", -1);
      const late = new LateRecords(context, props);
      const found = new FoundRows();
      const textOf = textOfRecord(props);
      return (cursor) => {
        if (cursor.keyIsNull) return dropped("null-key");
        const { timestampMs } = cursor;
        if (timestampMs > streamTime.value) streamTime.value = timestampMs;
        if (timestampMs < streamTime.value - graceMs) return late.drop(cursor);
        const text = textOf(cursor);
        store.find(text, timestampMs - withinMs + 1, timestampMs + withinMs - 1, found);
        if (found.count > 0) return dropped("duplicate");
        store.put(text, timestampMs, HERE, timestampMs);
        next(cursor);
      };
    },
  });
}

/** What a record is known by in the store: its key, with its length and the id behind it where there is one. */
function textOfRecord<K, V>({ keySerde, id }: DistinctProps<K, V>): (cursor: Cursor) => string {
  const scratch = new ByteSink(64);
  if (id === undefined) return (cursor) => cursor.keyText(keySerde, scratch);
  const { by, serde } = id;
  const ofId = new ByteSink(64);
  return (cursor) => {
    const keyText = cursor.keyText(keySerde, scratch);
    ofId.reset();
    serde.write(by(cursor.value as V, cursor.key as K), ofId);
    return int32Text(keyText.length) + keyText + ofId.bytes.latin1Slice(0, ofId.length);
  };
}
