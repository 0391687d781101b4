import { ByteSink } from "../core/byte-sink.ts";
import type { Subscription } from "../serde/foreign-key.ts";
import { instructions, subscriptionKey } from "../serde/foreign-key.ts";
import type { Serde } from "../serde/serde.ts";
import type { KeyValueStore } from "../state/store.ts";
import type { Operator } from "../topology/operator.ts";

/** What `foreignKeyReceive` needs. */
export interface ForeignKeyReceiveProps {
  /** The store of subscriptions. */
  readonly store: string;
  readonly foreignKeySerde: Serde<unknown>;
}

/**
 * Keeps subscriptions by foreign key and the row's key, and forwards them. One without a foreign key is not kept, and goes on
 * only when it wants an answer in any case.
 *
 * @source Kafka Streams `SubscriptionReceiveProcessorSupplier`
 * @example
 * foreignKeyReceive({ store: "subscriptions", foreignKeySerde: string() });
 */
export function foreignKeyReceive({ store, foreignKeySerde }: ForeignKeyReceiveProps): Operator {
  return Object.freeze<Operator>({
    kind: "foreign-key-receive",
    create: ({ next, store: open, dropped }) => {
      const kept = open<KeyValueStore>(store);
      const scratch = new ByteSink(64);
      return (cursor) => {
        const received = cursor.value as Subscription;
        const { instruction, primaryKeyText } = received;
        if (cursor.keyIsNull) {
          if (instruction !== instructions.answerAlways) return dropped("null-key");
          return next(cursor);
        }
        const ends = instruction === instructions.delete || instruction === instructions.deleteAndAnswer;
        const keyText = subscriptionKey(cursor.keyText(foreignKeySerde, scratch), primaryKeyText);
        kept.put(keyText, ends ? null : received, cursor.timestampMs);
        next(cursor);
      };
    },
  });
}
