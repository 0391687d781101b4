import type { RowSink } from "../../../lib/state/store.ts";
import { windowKey } from "../../../lib/state/window-key.ts";

/** A row as text, so that nothing can be changed in place. Undefined value: a tombstone. */
export interface ModelRow {
  readonly value: string | undefined;
  readonly timestampMs: number;
}

type Layer = Map<string, ModelRow>;

/** `key|start`: keys of the model. Key-value stores have start 0. */
export type ModelKey = `${string}|${number}`;

/** A store as a person would write it who has all the time in the world: whole maps copied, nothing clever. */
export class StoreModel {
  committed: Layer = new Map();
  committedTimeMs = -1;
  storeTimeMs = -1;
  private open: Layer = new Map();
  private sealed: { rows: Layer; timeMs: number } | undefined;
  private changed: Layer = new Map();
  private readonly retentionMs: number | undefined;

  constructor(retentionMs: number | undefined) {
    this.retentionMs = retentionMs;
  }

  get sealedWaiting(): boolean {
    return this.sealed !== undefined;
  }

  get idle(): boolean {
    return this.sealed === undefined && this.open.size === 0;
  }

  put(key: ModelKey, row: ModelRow): void {
    if (this.retentionMs !== undefined) this.storeTimeMs = Math.max(this.storeTimeMs, startOf(key));
    if (!this.expired(key, this.storeTimeMs)) this.open.set(key, row);
  }

  /** What an operator sees. */
  visible(): Map<string, ModelRow> {
    const rows = new Map([...this.committed, ...(this.sealed?.rows ?? []), ...this.open]);
    return this.live(rows, this.storeTimeMs);
  }

  seal(): Layer {
    const rows = new Map([...this.open].filter(([key]) => !this.expired(key, this.storeTimeMs)));
    this.sealed = { rows, timeMs: this.storeTimeMs };
    this.open = new Map();
    return rows;
  }

  acknowledge(): void {
    if (this.sealed === undefined) return;
    const { rows, timeMs } = this.sealed;
    this.committedTimeMs = timeMs;
    this.committed = this.live(new Map([...this.committed, ...rows]), timeMs);
    this.changed = new Map([...this.changed, ...rows].filter(([key]) => !this.expired(key, timeMs)));
    this.sealed = undefined;
  }

  drop(): void {
    this.sealed = undefined;
    this.open = new Map();
    this.storeTimeMs = this.committedTimeMs;
  }

  /** Rows of a freeze by changelog key, in byte order. */
  freeze(which: "all" | "changed"): readonly (readonly [string, ModelRow])[] {
    const rows = which === "all" ? this.committed : this.changed;
    this.changed = new Map();
    return this.byChangelogKey(rows);
  }

  get changedCount(): number {
    return this.changed.size;
  }

  byChangelogKey(rows: ReadonlyMap<string, ModelRow>): readonly (readonly [string, ModelRow])[] {
    return [...rows]
      .map(([key, row]) => [this.changelogKey(key as ModelKey), row] as const)
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a, "latin1"), Buffer.from(b, "latin1")));
  }

  changelogKey(key: ModelKey): string {
    return this.retentionMs === undefined ? keyOf(key) : windowKey(keyOf(key), startOf(key));
  }

  private live(rows: Layer, timeMs: number): Layer {
    return new Map([...rows].filter(([key, row]) => row.value !== undefined && !this.expired(key as ModelKey, timeMs)));
  }

  private expired(key: string, timeMs: number): boolean {
    return this.retentionMs !== undefined && startOf(key as ModelKey) <= timeMs - this.retentionMs;
  }
}

export function keyOf(key: ModelKey): string {
  return key.slice(0, key.lastIndexOf("|"));
}

export function startOf(key: ModelKey): number {
  return Number(key.slice(key.lastIndexOf("|") + 1));
}

/** Collects what a store writes: changelog records or snapshot rows, in order. */
export class RowCollector implements RowSink {
  readonly rows: (readonly [string, ModelRow])[] = [];

  row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    const value = valueLength < 0 ? undefined : bytes.toString("utf8", valueStart, valueStart + valueLength);
    this.rows.push([keyText, { value, timestampMs }]);
  }
}
