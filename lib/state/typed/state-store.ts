import type { StoreSpec } from "../store.ts";

/** A store in the hands of a processor, with keys and values of its own types. @source Kafka Streams `StateStore` */
export interface StateStore {
  readonly name: string;
}

/** Tells the timestamp of the record that is being processed: that of what is written for it. */
export type RecordTime = () => number;

declare const opensAs: unique symbol;

/**
 * A store that is declared: what `addStateStore` and the `stores` of a processor take, and what `getStateStore` finds it by.
 *
 * @source Kafka Streams `StoreBuilder`
 */
export interface StoreBuilder<S extends StateStore = StateStore> {
  readonly spec: StoreSpec;
  /** For the compiler only. */
  readonly [opensAs]?: S;
}

/** A value and the timestamp that is kept with it. @source Kafka Streams `ValueAndTimestamp` */
export interface ValueAndTimestamp<V> {
  readonly value: V;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
}
