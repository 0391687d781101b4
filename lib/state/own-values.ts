import { ByteSink } from "../core/byte-sink.ts";
import { encodeValue } from "./encode-value.ts";
import type { StoreHandle, StoreSpec } from "./store.ts";

/**
 * Values of a store in the hands of a user's function that may change them in place. It gets copies of what the store holds, because
 * others hold that too: it was forwarded, perhaps into another store. A function that answers new objects, as its first answer shows,
 * is spared the copies.
 */
export class OwnValues {
  private readonly spec: StoreSpec;
  private readonly sink = new ByteSink(64);
  /** Undefined before the first answer. */
  private changesInPlace: boolean | undefined;

  /** @param store Where the values are kept. */
  constructor({ spec }: StoreHandle) {
    this.spec = spec;
  }

  /**
   * The value of a row, for the function to do with it what it likes.
   *
   * @hotPath once per record
   * @throws {StreamError} `SERIALIZATION_FAILED`
   */
  of<V>(value: V): V {
    if (typeof value !== "object" || value === null || this.changesInPlace === false) return value;
    encodeValue(this.spec, value, this.sink);
    // Serdes may answer views of what they read.
    const bytes = Buffer.from(this.sink.view());
    return this.spec.valueSerde.read(bytes, 0, bytes.length) as V;
  }

  /** Looks at what the function has made of what it was given. @returns the result. @hotPath once per record */
  made<R>(after: R, given: unknown): R {
    if (typeof after !== "object" || after === null || typeof given !== "object" || given === null) return after;
    if (after === given) this.changesInPlace = true;
    else this.changesInPlace ??= false;
    return after;
  }
}
