import { ByteSink } from "../core/byte-sink.ts";
import type { Instruction, Subscription } from "../serde/foreign-key.ts";
import { instructions } from "../serde/foreign-key.ts";
import type { Serde } from "../serde/serde.ts";
import type { Cursor } from "../topology/cursor.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";
import { ofValue } from "./arity.ts";
import { rowHash } from "./row-hash.ts";
import { sameBytes } from "./same-bytes.ts";

/** What `foreignKeySubscribe` needs. */
export interface ForeignKeySubscribeProps {
  /** The foreign key of a row; null for none. */
  readonly foreignKey: (value: unknown, key: unknown) => unknown;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly foreignKeySerde: Serde<unknown>;
  /** True: every change wants an answer. */
  readonly left: boolean;
  /** True for a table with history: versions that come out of order subscribe to nothing. */
  readonly newestOnly: boolean;
}

/**
 * Sends the changes of a table to the partitions of their foreign keys: a subscription to the new key, and an end of the old
 * one when the key has changed. Each carries a hash of the row, so that answers to what the row was before are known. Needs
 * old values.
 *
 * @source Kafka Streams `SubscriptionSendProcessorSupplier`
 * @example
 * foreignKeySubscribe({
 *   foreignKey: (cart) => (cart as Cart).user,
 *   keySerde: string(), valueSerde: json(), foreignKeySerde: string(), left: false, newestOnly: false,
 * });
 */
export function foreignKeySubscribe(props: ForeignKeySubscribeProps): Operator {
  const { keySerde, valueSerde, foreignKeySerde, left, newestOnly } = props;
  const foreignKeyOf = ofValue(props.foreignKey);
  const keyOf = (value: unknown, cursor: Cursor): unknown =>
    value === null || value === undefined ? null : (foreignKeyOf(value, cursor) ?? null);
  return Object.freeze<Operator>({
    kind: "foreign-key-subscribe",
    create: ({ next, dropped }) => {
      const registers = new CursorRegisters();
      const scratch = new ByteSink(64);
      const hashOf = rowHash(valueSerde);
      const same = sameBytes(foreignKeySerde);
      const send = (cursor: Cursor, foreignKey: unknown, instruction: Instruction): void => {
        registers.restore(cursor);
        const subscription: Subscription = {
          instruction,
          hash: cursor.valueIsNull ? null : hashOf(cursor.value),
          primaryKeyText: cursor.keyText(keySerde, scratch),
          primaryPartition: cursor.partition,
        };
        cursor.setKey(foreignKey);
        cursor.setValue(subscription);
        next(cursor);
      };
      return (cursor) => {
        if (newestOnly && !cursor.isNewest) return dropped("out-of-order");
        const { value, oldValue } = cursor;
        const gone = cursor.valueIsNull;
        const oldKey = keyOf(oldValue, cursor);
        const newKey = keyOf(value, cursor);
        const moved = oldKey !== null && (newKey === null || !same(oldKey, newKey));
        registers.save(cursor);
        if (!left && newKey === null) {
          if (!gone) dropped("null-key");
          if (moved) send(cursor, oldKey, instructions.deleteAndAnswer);
          return;
        }
        if (moved) send(cursor, oldKey, instructions.delete);
        if (!left && !moved) send(cursor, newKey, instructions.answerIfFound);
        else if (!gone || (oldValue ?? null) !== null) send(cursor, newKey, instructions.answerAlways);
      };
    },
  });
}
