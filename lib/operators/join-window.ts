import { ByteSink } from "../core/byte-sink.ts";
import type { Serde } from "../serde/serde.ts";
import type { JoinStore } from "../state/store.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";

/** Sequence numbers are 31 bits. */
const SEQUENCE_MASK = 0x7fff_ffff;

/** What `joinWindow` needs. */
export interface JoinWindowProps {
  readonly store: string;
  readonly keySerde: Serde<unknown>;
}

/**
 * Forwards a record and then keeps it, so that records of the other side find it. Records with a null key are only forwarded.
 *
 * @source Kafka Streams `KStreamJoinWindow`
 * @example
 * joinWindow({ store: "left-store", keySerde: string() });
 */
export function joinWindow({ store: name, keySerde }: JoinWindowProps): Operator {
  return Object.freeze<Operator>({
    kind: "join-window",
    create: ({ next, store: open, clock }) => {
      const store = open<JoinStore>(name);
      const sequence = clock("sequence", 0);
      const scratch = new ByteSink(64);
      const registers = new CursorRegisters();
      return (cursor) => {
        if (cursor.keyIsNull) return next(cursor);
        const keyText = cursor.keyText(keySerde, scratch);
        registers.save(cursor);
        next(cursor);
        registers.restore(cursor);
        sequence.value = (sequence.value + 1) & SEQUENCE_MASK;
        store.put(keyText, sequence.value, cursor);
      };
    },
  });
}
