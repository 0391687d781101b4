import { ByteSink } from "../core/byte-sink.ts";
import { FoundRows } from "../state/found-rows.ts";
import type { JoinStore } from "../state/store.ts";
import type { Cursor } from "../topology/cursor.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";
import type { JoinSideProps } from "./join-side.ts";
import { reachOf, touchesOtherSide } from "./join-side.ts";
import { joinFrom } from "./value-joiner.ts";

/**
 * Joins a stream with itself out of one store: a record is first the left side, then the right one, and meets itself.
 *
 * @source Kafka Streams `KStreamKStreamSelfJoin`
 * @example
 * selfJoin({
 *   other: "store", keySerde: string(), windows: { beforeMs: 500, afterMs: 500, graceMs: 0 },
 *   joiner: (left, right) => [left, right], sourceKeyed: true,
 * });
 */
export function selfJoin(props: Omit<JoinSideProps, "side">): Operator {
  const { other, keySerde, windows, joiner } = props;
  const left = { ...reachOf({ side: "left", windows }), join: joinFrom("left", joiner) };
  const right = { ...reachOf({ side: "right", windows }), join: joinFrom("right", joiner) };
  const keptMs = windows.beforeMs + windows.afterMs + windows.graceMs;
  return Object.freeze<Operator>({
    kind: "self-join",
    ...touchesOtherSide({ ...props, side: "left" }),
    create: ({ next, store: open, clock, dropped }) => {
      const store = open<JoinStore>(other);
      const streamTime = clock("stream-time", -1);
      const scratch = new ByteSink(64);
      const registers = new CursorRegisters();
      const found = new FoundRows();
      const emit = (cursor: Cursor, join: typeof left.join, others: unknown): void => {
        cursor.setValue(join(cursor.value, others, cursor));
        next(cursor);
        registers.restore(cursor);
      };
      return (cursor) => {
        if (cursor.keyIsNull) return dropped("null-key");
        if (cursor.valueIsNull) return dropped("null-value");
        const { timestampMs, value } = cursor;
        if (timestampMs > streamTime.value) streamTime.value = timestampMs;
        const keyText = cursor.keyText(keySerde, scratch);
        registers.save(cursor);
        store.find(keyText, timestampMs - left.beforeMs, timestampMs + left.afterMs, found);
        for (let i = 0; i < found.count; i++) {
          cursor.timestampMs = Math.max(timestampMs, found.timestampsMs[i] as number);
          emit(cursor, left.join, found.values[i]);
        }
        let meetsItself = timestampMs > streamTime.value - keptMs + 1;
        store.find(keyText, timestampMs - right.beforeMs, timestampMs + right.afterMs, found);
        for (let i = 0; i < found.count; i++) {
          const theirsMs = found.timestampsMs[i] as number;
          if (meetsItself && theirsMs > timestampMs) {
            meetsItself = false;
            emit(cursor, left.join, value);
          }
          cursor.timestampMs = Math.max(timestampMs, theirsMs);
          emit(cursor, right.join, found.values[i]);
        }
        if (meetsItself) emit(cursor, left.join, value);
      };
    },
  });
}
