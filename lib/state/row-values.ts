import { StreamError } from "../core/errors.ts";
import { copyValue, encodeValue } from "./encode-value.ts";
import type { RowLayers } from "./row-layers.ts";
import { INLINE, NOT_DECODED } from "./rows.ts";
import type { Scratch } from "./store.ts";

/**
 * The newest values of a store's rows as objects: decoded on first use, kept, encoded by the sink of the task.
 *
 * Invariant: a value object that was handed out before a drop is never used again after it, because user code may have changed
 * it.
 */
export class RowValues {
  private readonly layers: Pick<RowLayers, "bytes" | "rows" | "spec">;
  private readonly scratch: Scratch;
  /** Values of other generations are decoded again, unless they are primitives. */
  private generation = 0;

  constructor(layers: Pick<RowLayers, "bytes" | "rows" | "spec">, scratch: Scratch) {
    this.layers = layers;
    this.scratch = scratch;
  }

  /**
   * Keeps a new value.
   * @throws {StreamError} `SERIALIZATION_FAILED`, where a node's failure may be let pass: else only `write` finds out
   */
  put(slot: number, value: unknown): void {
    if (this.scratch.copiesReads === true && value !== null && value !== undefined) this.write(value);
    const { rows } = this.layers;
    rows.values[slot] = value;
    rows.setGeneration(slot, this.generation);
  }

  /** The value of a row that is present: a copy where nodes may fail and be let pass. @hotPath once per record */
  of(slot: number): unknown {
    const { rows } = this.layers;
    const generation = rows.generation(slot);
    let value = rows.values[slot];
    if (generation !== this.generation) {
      if (generation === NOT_DECODED || typeof value === "object") {
        value = this.decode(slot);
        rows.values[slot] = value;
      }
      rows.setGeneration(slot, this.generation);
    }
    return this.scratch.copiesReads === true ? copyValue(this.layers.spec, value, this.scratch.sink) : value;
  }

  /** Back to the committed bytes of one row. */
  forget(slot: number): void {
    this.layers.rows.values[slot] = null;
    this.layers.rows.setGeneration(slot, NOT_DECODED);
  }

  /** Values that were only read may have been changed in place as well: all objects are decoded again on next use. */
  distrust(): void {
    this.generation++;
  }

  /** Encodes a value into the sink of the task, from its start. @throws {StreamError} `SERIALIZATION_FAILED` */
  write(value: unknown): void {
    encodeValue(this.layers.spec, value, this.scratch.sink);
  }

  private decode(slot: number): unknown {
    const { valueSerde, name } = this.layers.spec;
    const { rows } = this.layers;
    try {
      const bytes = this.layers.bytes(slot);
      const start = rows.start(slot);
      const end = start + rows.length(slot);
      const value = valueSerde.read(bytes, start, end);
      if (typeof value !== "object" || rows.slab(slot) !== INLINE) return value;
      // It may be a view of the row's memory, which the next commit writes.
      return valueSerde.read(Buffer.from(bytes.subarray(start, end)), 0, end - start);
    } catch (cause) {
      throw new StreamError(
        "SCHEMA_UNKNOWN",
        `a stored value of store ${name} is not ${valueSerde.id}: ${String((cause as Error)?.message ?? cause)}`,
        { details: { store: name, serde: valueSerde.id }, cause },
      );
    }
  }
}
