import { ByteSink } from "../core/byte-sink.ts";
import type { ForeignAnswer, Subscription } from "../serde/foreign-key.ts";
import { instructions } from "../serde/foreign-key.ts";
import type { Serde } from "../serde/serde.ts";
import type { Operator } from "../topology/operator.ts";
import type { TableRows } from "./table-rows.ts";

/** What `foreignKeyAnswer` needs. */
export interface ForeignKeyAnswerProps {
  /** Rows of the foreign table. */
  readonly rows: TableRows;
  readonly foreignKeySerde: Serde<unknown>;
}

/**
 * Answers a subscription with the row that the foreign table has now, as far as its instruction asks for it. The timestamp is
 * the larger of both rows.
 *
 * @source Kafka Streams `SubscriptionJoinProcessorSupplier`
 * @example
 * foreignKeyAnswer({ rows: storedRows("users"), foreignKeySerde: string() });
 */
export function foreignKeyAnswer({ rows, foreignKeySerde }: ForeignKeyAnswerProps): Operator {
  return Object.freeze<Operator>({
    kind: "foreign-key-answer",
    ...(rows.touches && { touches: rows.touches }),
    create: (context) => {
      const { next } = context;
      const read = rows.open(context);
      const scratch = new ByteSink(64);
      return (cursor) => {
        const { instruction, hash, primaryKeyText, primaryPartition } = cursor.value as Subscription;
        if (instruction === instructions.delete) return;
        const row = cursor.keyIsNull ? undefined : read(cursor.keyText(foreignKeySerde, scratch), cursor);
        if (row === undefined && instruction === instructions.answerIfFound) return;
        const found = row === undefined || instruction === instructions.deleteAndAnswer ? null : row.value;
        if (row !== undefined && row.timestampMs > cursor.timestampMs) cursor.timestampMs = row.timestampMs;
        const answer: ForeignAnswer = { hash, value: found, primaryPartition };
        cursor.setKey(primaryKeyText);
        cursor.setValue(answer);
        next(cursor);
      };
    },
  });
}
