import { ByteSink } from "../../core/byte-sink.ts";
import { copyValue } from "../encode-value.ts";
import type { StoreSpec } from "../store.ts";

/** Values as a processor gets them: its own, to be changed in place, while others hold what the store holds. */
export class RowCopies {
  private readonly spec: StoreSpec;
  private readonly sink = new ByteSink(64);

  constructor(spec: StoreSpec) {
    this.spec = spec;
  }

  /** A copy of an object, any other value as it is. @hotPath once per row that is read */
  of<V>(value: unknown): V {
    return copyValue(this.spec, value, this.sink) as V;
  }
}
