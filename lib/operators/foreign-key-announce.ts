import { ByteSink } from "../core/byte-sink.ts";
import type { ForeignAnswer, Subscription } from "../serde/foreign-key.ts";
import { subscriptionKey } from "../serde/foreign-key.ts";
import type { KeyValueStore } from "../state/store.ts";
import { CursorRegisters } from "../topology/cursor.ts";
import type { Operator } from "../topology/operator.ts";
import type { ForeignKeyReceiveProps } from "./foreign-key-receive.ts";

/** What `foreignKeyAnnounce` needs. */
export interface ForeignKeyAnnounceProps extends ForeignKeyReceiveProps {
  /** True for a table with history: versions that come out of order change no result. */
  readonly newestOnly: boolean;
}

/**
 * Sends every change of the foreign table to all rows that subscribe to it, in the order of their keys, changed or not.
 *
 * @source Kafka Streams `ForeignTableJoinProcessorSupplier`
 * @example
 * foreignKeyAnnounce({ store: "subscriptions", foreignKeySerde: string(), newestOnly: false });
 */
export function foreignKeyAnnounce({ store, foreignKeySerde, newestOnly }: ForeignKeyAnnounceProps): Operator {
  return Object.freeze<Operator>({
    kind: "foreign-key-announce",
    create: ({ next, store: open, dropped }) => {
      const subscriptions = open<KeyValueStore>(store);
      const scratch = new ByteSink(64);
      const registers = new CursorRegisters();
      return (cursor) => {
        if (newestOnly && !cursor.isNewest) return dropped("out-of-order");
        const value = cursor.value ?? null;
        const prefix = subscriptionKey(cursor.keyText(foreignKeySerde, scratch), "");
        registers.save(cursor);
        for (const [keyText, row] of subscriptions.range(prefix, undefined)) {
          if (!keyText.startsWith(prefix)) break;
          const { hash, primaryKeyText, primaryPartition } = row.value as Subscription;
          const answer: ForeignAnswer = { hash, value, primaryPartition };
          registers.restore(cursor);
          cursor.setKey(primaryKeyText);
          cursor.setValue(answer);
          next(cursor);
        }
      };
    },
  });
}
