import { ByteSink } from "../core/byte-sink.ts";
import { FoundRows } from "../state/found-rows.ts";
import type { JoinStore } from "../state/store.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";
import type { JoinSideProps } from "./join-side.ts";
import { reachOf, touchesOtherSide } from "./join-side.ts";
import { joinFrom } from "./value-joiner.ts";

/**
 * One side of an inner join of two streams: a record meets every record of the other side with its key whose timestamp is
 * near, by timestamp, then arrival. A result has the larger timestamp of the two and the headers of the record that came
 * last. Null keys and null values are dropped; there is no other check for lateness than what the other side still keeps.
 *
 * @source Kafka Streams `KStreamKStreamJoin`
 * @example
 * streamJoin({
 *   side: "left", other: "right-store", keySerde: string(), windows: { beforeMs: 500, afterMs: 500, graceMs: 0 },
 *   joiner: (left, right) => [left, right], sourceKeyed: true,
 * });
 */
export function streamJoin(props: JoinSideProps): Operator {
  const { side, other, keySerde, joiner } = props;
  const { beforeMs, afterMs } = reachOf(props);
  const join = joinFrom(side, joiner);
  return Object.freeze<Operator>({
    kind: "stream-join",
    ...touchesOtherSide(props),
    create: ({ next, store: open, dropped }) => {
      const store = open<JoinStore>(other);
      const scratch = new ByteSink(64);
      const registers = new CursorRegisters();
      const found = new FoundRows();
      return (cursor) => {
        if (cursor.keyIsNull) return dropped("null-key");
        if (cursor.valueIsNull) return dropped("null-value");
        const { timestampMs } = cursor;
        const keyText = cursor.keyText(keySerde, scratch);
        store.find(keyText, timestampMs - beforeMs, timestampMs + afterMs, found);
        if (found.count > 1) registers.save(cursor);
        for (let i = 0; i < found.count; i++) {
          if (i > 0) registers.restore(cursor);
          cursor.timestampMs = Math.max(timestampMs, found.timestampsMs[i] as number);
          cursor.setValue(join(cursor.value, found.values[i], cursor));
          next(cursor);
        }
      };
    },
  });
}
