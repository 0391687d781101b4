import type { RowLayers } from "./row-layers.ts";
import type { FrozenRows, RowSink, StoreSpec, TaskStore } from "./store.ts";

/** A store over row layers: what every type of store hands on to them. */
export abstract class LayeredStore implements TaskStore {
  readonly spec: StoreSpec;
  protected readonly layers: RowLayers;

  constructor(spec: StoreSpec, layers: RowLayers) {
    this.spec = spec;
    this.layers = layers;
  }

  abstract seal(changelog: RowSink): void;

  abstract row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void;

  /** The layers, with everything in them that was restored. */
  protected get settled(): RowLayers {
    return this.layers;
  }

  acknowledge(): void {
    this.layers.acknowledge();
  }

  drop(): void {
    this.layers.drop();
  }

  freeze(which: "all" | "changed"): FrozenRows {
    return this.settled.freeze(which);
  }

  get changedCount(): number {
    return this.settled.changedCount;
  }

  get rowCount(): number {
    return this.settled.rowCount;
  }

  get sizeBytes(): number {
    return this.settled.sizeBytes;
  }

  /** -1 unless set, where a type has no stream time of its own. */
  get storeTimeMs(): number {
    return this.layers.storeTimeMs;
  }

  set storeTimeMs(storeTimeMs: number) {
    this.layers.storeTimeMs = storeTimeMs;
    this.layers.committedStoreTimeMs = storeTimeMs;
  }

  /** Nothing expires, unless a type says so. */
  expiredAt(_storeTimeMs: number): number {
    return Number.NEGATIVE_INFINITY;
  }
}
