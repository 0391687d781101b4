import { StreamError } from "../core/errors.ts";
import { int32Text } from "./int32-text.ts";
import type { Serde } from "./serde.ts";

/** What the foreign side does with a subscription. @source Kafka Streams `SubscriptionWrapper.Instruction` */
export const instructions = { delete: 0, deleteAndAnswer: 1, answerAlways: 2, answerIfFound: 3 } as const;

/** One of `instructions`. */
export type Instruction = (typeof instructions)[keyof typeof instructions];

/** A row's interest in a foreign key. */
export interface Subscription {
  readonly instruction: Instruction;
  /** `Murmur3` hash of the row; null for a row that is gone. */
  readonly hash: string | null;
  /** The row's serialized key, one character per byte. */
  readonly primaryKeyText: string;
  /** Partition of the row, where the answer goes; old versions of Kafka Streams do not say. */
  readonly primaryPartition: number | undefined;
}

/** What the foreign side answers to a subscription. */
export interface ForeignAnswer {
  /** Hash in the subscription: an answer to what the row was before is stale. */
  readonly hash: string | null;
  /** Null when there is no row under the foreign key. */
  readonly value: unknown;
  /** Where the answer goes; not written. */
  readonly primaryPartition?: number | undefined;
}

const NO_HASH = 0x80;
const HASH_BYTES = 16;

/** Keys that are bytes already, one character per byte. */
export const keyText: Serde<unknown> = Object.freeze<Serde<unknown>>({
  id: "key-text",
  write: (value, sink) => sink.latin1(value as string),
  read: (bytes, start, end) => bytes.latin1Slice(start, end),
});

/**
 * Subscriptions: version, instruction, hash, the row's key, its partition.
 *
 * @throws {StreamError} `DESERIALIZATION_FAILED` for a version from the future, and for bytes that are cut off
 * @source Kafka Streams `SubscriptionWrapperSerde`
 */
export const subscription: Serde<Subscription> = Object.freeze<Serde<Subscription>>({
  id: "fk-subscription",
  write({ instruction, hash, primaryKeyText, primaryPartition }, sink) {
    const version = primaryPartition === undefined ? 0 : 1;
    sink.uint8(hash === null ? version | NO_HASH : version);
    sink.uint8(instruction);
    if (hash !== null) sink.latin1(hash);
    sink.latin1(primaryKeyText);
    if (primaryPartition !== undefined) sink.int32(primaryPartition);
  },
  read(bytes, start, end) {
    const first = bytes[start] ?? 0;
    const version = checkedVersion(first & ~NO_HASH, 1, "subscription");
    const keyStart = start + 2 + (first >= NO_HASH ? 0 : HASH_BYTES);
    const keyEnd = end - (version === 0 ? 0 : 4);
    if (keyEnd < keyStart) throw tooShort("subscription", end - start);
    return {
      instruction: bytes[start + 1] as Instruction,
      hash: first >= NO_HASH ? null : bytes.latin1Slice(start + 2, keyStart),
      primaryKeyText: bytes.latin1Slice(keyStart, keyEnd),
      primaryPartition: version === 0 ? undefined : bytes.readInt32BE(keyEnd),
    };
  },
});

/**
 * Answers to subscriptions: version, hash, the foreign value if there is one. A value without bytes reads as none, as in Kafka
 * Streams.
 *
 * @throws {StreamError} `DESERIALIZATION_FAILED` for a version from the future, and for bytes that are cut off
 * @source Kafka Streams `SubscriptionResponseWrapperSerde`
 */
export function foreignAnswer(value: Serde<unknown>): Serde<ForeignAnswer> {
  return Object.freeze<Serde<ForeignAnswer>>({
    id: `fk-response(${value.id})`,
    write(answer, sink) {
      sink.uint8(answer.hash === null ? NO_HASH : 0);
      if (answer.hash !== null) sink.latin1(answer.hash);
      if (answer.value !== null) value.write(answer.value, sink);
    },
    read(bytes, start, end) {
      const first = bytes[start] ?? 0;
      checkedVersion(first & ~NO_HASH, 0, "answer");
      const valueStart = start + 1 + (first >= NO_HASH ? 0 : HASH_BYTES);
      if (valueStart > end) throw tooShort("answer", end - start);
      return {
        hash: first >= NO_HASH ? null : bytes.latin1Slice(start + 1, valueStart),
        value: valueStart < end ? value.read(bytes, valueStart, end) : null,
      };
    },
  });
}

function checkedVersion(version: number, newest: number, what: string): number {
  if (version <= newest) return version;
  throw new StreamError(
    "DESERIALIZATION_FAILED",
    `a foreign-key ${what} has version ${version}; ${newest} is the newest that is known`,
  );
}

function tooShort(what: string, length: number): StreamError {
  return new StreamError("DESERIALIZATION_FAILED", `a foreign-key ${what} of ${length} bytes is cut off`);
}

/** The key of a subscription in its store: the foreign key with its length, then the row's key. @source `CombinedKeySchema` */
export function subscriptionKey(foreignKeyText: string, primaryKeyText: string): string {
  return int32Text(foreignKeyText.length) + foreignKeyText + primaryKeyText;
}
