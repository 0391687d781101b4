import type { Serde } from "../serde/serde.ts";
import type { TouchedRange } from "../topology/operator.ts";

/** A store that an operator keeps under the key of its records. */
export interface KeyedStore {
  readonly store: string;
  readonly keySerde: Serde<unknown>;
  /**
   * True when records still have the key bytes of their source, so that `touches` can tell rows from a source record.
   */
  readonly sourceKeyed: boolean;
}

/** The row of a record's own key; undefined when the source record does not tell the key. */
export function touchesOwnKey({
  store,
  sourceKeyed,
}: KeyedStore): ((keyText: string) => readonly TouchedRange[]) | undefined {
  return sourceKeyed ? (keyText) => [{ store, from: keyText, to: keyText }] : undefined;
}
