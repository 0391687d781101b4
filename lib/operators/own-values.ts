import { ByteSink } from "../core/byte-sink.ts";
import { copyValue } from "../state/encode-value.ts";
import type { StoreHandle, StoreSpec } from "../state/store.ts";
import type { OperatorContext } from "../topology/operator.ts";

/** So many new objects and none changed in place: the function is taken for one that makes new ones. */
const TRIAL = 64;

/**
 * Values of a store in the hands of one of a user's functions that may change them in place. It gets copies of what the store
 * holds, because others hold that too: it was forwarded, perhaps into another store.
 *
 * A function that has answered nothing but new objects for a while is spared the copies: an encode and a decode per record would
 * cost it more than all the rest. When it then answers the object that it was given, others hold what it has changed, and for
 * rows of the open transaction there are no bytes to return to. So the transaction is dropped and taken again from the committed
 * state, with copies from then on: at most once per function and task. Where the task cannot do that, copies are always made.
 *
 * A function that changes what it was given and answers something else is noticed by nobody; docs/dsl.md forbids it.
 */
export class OwnValues {
  private readonly spec: StoreSpec;
  private readonly takeAgain: OperatorContext["takeAgain"];
  private readonly isForwarded: boolean;
  private readonly sink = new ByteSink(64);
  /** New objects that the function still has to answer to be spared the copies. */
  private trial = TRIAL;

  /**
   * @param store Where the values are kept.
   * @param isForwarded False: nobody but the store holds them while they change, so that no copy is needed.
   */
  constructor({ takeAgain }: Pick<OperatorContext, "takeAgain">, { spec }: StoreHandle, isForwarded = true) {
    this.spec = spec;
    this.takeAgain = takeAgain;
    this.isForwarded = isForwarded;
  }

  /**
   * The value of a row, for the function to do with it what it likes.
   *
   * @hotPath once per record
   * @throws {StreamError} `SERIALIZATION_FAILED`
   */
  of<V>(value: V): V {
    return this.trial > 0 && this.isForwarded ? copyValue(this.spec, value, this.sink) : value;
  }

  /**
   * Looks at what the function has made of what it was given.
   *
   * @param held What the store holds, if the function was given that or a copy of it.
   * @hotPath once per record
   * @returns the result
   * @throws {StreamError} `TRANSACTION_ABORTED` when the records of the transaction are to be taken again
   */
  made<R>(after: R, given: unknown, held?: unknown): R {
    if (!this.isForwarded || this.takeAgain === undefined) return after;
    if (typeof after !== "object" || after === null || typeof given !== "object" || given === null) return after;
    if (after !== given) {
      if (this.trial > 0) this.trial--;
      return after;
    }
    this.trial = Number.POSITIVE_INFINITY;
    if (given === held) this.takeAgain(`a function has changed a value of store ${this.spec.name} in place`);
    return after;
  }
}
