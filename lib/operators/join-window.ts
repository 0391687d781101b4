import { ByteSink } from "../core/byte-sink.ts";
import type { Serde } from "../serde/serde.ts";
import type { JoinStore } from "../state/store.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";
import type { LateOutput } from "./late-output.ts";
import { LateRecords, withLateOutput } from "./late-output.ts";

/** Sequence numbers are 31 bits. */
const SEQUENCE_MASK = 0x7fff_ffff;

/** What `joinWindow` needs. */
export interface JoinWindowProps extends LateOutput {
  readonly store: string;
  readonly keySerde: Serde<unknown>;
}

/**
 * Forwards a record and then keeps it, so that records of the other side find it. Records with a null key are only forwarded;
 * those that come too late to be kept go to the late output after that.
 *
 * @source Kafka Streams `KStreamJoinWindow`
 * @example
 * joinWindow({ store: "left-store", keySerde: string() });
 */
export function joinWindow(props: JoinWindowProps): Operator {
  const { store: name, keySerde } = props;
  return Object.freeze<Operator>({
    kind: "join-window",
    ...withLateOutput(props),
    create: (context) => {
      const { next, store: open, clock } = context;
      const store = open<JoinStore>(name);
      const sequence = clock("sequence", 0);
      const scratch = new ByteSink(64);
      const registers = new CursorRegisters();
      const late = new LateRecords(context, props);
      return (cursor) => {
        if (cursor.keyIsNull) return next(cursor);
        const keyText = cursor.keyText(keySerde, scratch);
        registers.save(cursor);
        next(cursor);
        registers.restore(cursor);
        sequence.value = (sequence.value + 1) & SEQUENCE_MASK;
        if (!store.put(keyText, sequence.value, cursor)) late.handOut(cursor);
      };
    },
  });
}
