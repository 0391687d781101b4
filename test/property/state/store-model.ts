import { sessionKey } from "../../../lib/state/session-key.ts";
import type { RowSink, StoreSpec } from "../../../lib/state/store.ts";
import { windowKey } from "../../../lib/state/window-key.ts";

/** A row as text, so that nothing can be changed in place. Undefined value: a tombstone. */
export interface ModelRow {
  readonly value: string | undefined;
  readonly timestampMs: number;
}

type Layer = Map<string, ModelRow>;

/** `key|time`: keys of the model. Time is the start of a window, the end of a session, 0 in a key-value store. */
export type ModelKey = `${string}|${number}`;

/** One session per key and end. */
export function sessionStart(endMs: number): number {
  return Math.floor(endMs / 2);
}

/** A store as a person would write it who has all the time in the world: whole maps copied, nothing clever. */
export class StoreModel {
  committed: Layer = new Map();
  committedTimeMs = -1;
  storeTimeMs = -1;
  private open: Layer = new Map();
  private readonly late: (readonly [string, ModelRow])[] = [];
  private sealed: { rows: Layer; timeMs: number } | undefined;
  private changed: Layer = new Map();
  /** Committed sessions that were removed and put again: the removal is logged too. */
  private readonly replaced = new Set<ModelKey>();
  private readonly type: StoreSpec["type"];
  /** A row that came and went between two commits leaves a deletion. */
  private readonly logsUnborn: boolean;
  private readonly retentionMs: number | undefined;
  /** Rows expire in buckets of so many milliseconds. */
  readonly bucketMs: number;

  constructor({ type, retentionMs }: StoreSpec) {
    this.type = type;
    this.logsUnborn = type !== "session" && type !== "timeOrderedBuffer";
    this.retentionMs = retentionMs;
    this.bucketMs = type === "session" ? Math.ceil((retentionMs ?? 0) / 128) : 1;
  }

  get sealedWaiting(): boolean {
    return this.sealed !== undefined;
  }

  get idle(): boolean {
    return this.sealed === undefined && this.open.size === 0;
  }

  put(key: ModelKey, row: ModelRow): void {
    if (this.retentionMs !== undefined) this.storeTimeMs = Math.max(this.storeTimeMs, timeOf(key));
    if (this.expired(key, this.storeTimeMs)) {
      if (this.type !== "session") this.late.push([this.changelogKey(key), row]);
      return;
    }
    if (this.type === "session") {
      if (row.value === undefined && !this.visible().has(key)) return;
      const again = row.value !== undefined && this.open.get(key)?.value === undefined && this.open.has(key);
      if (row.value === undefined) this.replaced.delete(key);
      else if (again && (this.committed.has(key) || this.sealed?.rows.has(key))) this.replaced.add(key);
    }
    this.open.set(key, row);
  }

  /** Puts into windows that were gone: in the changelog and nowhere else. */
  takeLate(): (readonly [string, ModelRow])[] {
    return this.late.splice(0);
  }

  /** Of the open layer: how many rows are logged as a deletion and a row. */
  get replacedCount(): number {
    return [...this.replaced].filter((key) => !this.gone(key, this.storeTimeMs)).length;
  }

  /** What an operator sees. */
  visible(): Map<string, ModelRow> {
    const rows = new Map([...this.committed, ...(this.sealed?.rows ?? []), ...this.open]);
    return new Map([...present(rows)].filter(([key]) => !this.expired(key, this.storeTimeMs)));
  }

  seal(): Layer {
    const logged = ([key, { value }]: [string, ModelRow]): boolean =>
      !this.gone(key, this.storeTimeMs) && (value !== undefined || this.logsUnborn || this.committed.has(key));
    const rows = new Map([...this.open].filter(logged));
    this.replaced.clear();
    this.sealed = { rows, timeMs: this.storeTimeMs };
    this.open = new Map();
    return rows;
  }

  acknowledge(): void {
    if (this.sealed === undefined) return;
    const { rows, timeMs } = this.sealed;
    this.committedTimeMs = timeMs;
    const stays = ([key]: readonly [string, ModelRow]): boolean => !this.gone(key, timeMs);
    this.committed = new Map([...present([...this.committed, ...rows])].filter(stays));
    this.changed = new Map([...this.changed, ...rows].filter(stays));
    this.sealed = undefined;
  }

  drop(): void {
    this.sealed = undefined;
    this.open = new Map();
    this.replaced.clear();
    this.takeLate();
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
    if (this.type === "session") return sessionKey(keyOf(key), sessionStart(timeOf(key)), timeOf(key));
    return this.retentionMs === undefined ? keyOf(key) : windowKey(keyOf(key), timeOf(key));
  }

  /** Nobody sees it any more. */
  private expired(key: string, timeMs: number): boolean {
    return this.retentionMs !== undefined && timeOf(key as ModelKey) <= timeMs - this.retentionMs;
  }

  /** Expired with everything in its bucket: until then a row is logged, counted and frozen. */
  private gone(key: string, timeMs: number): boolean {
    const lastMs = (Math.floor(timeOf(key as ModelKey) / this.bucketMs) + 1) * this.bucketMs - 1;
    return this.retentionMs !== undefined && lastMs <= timeMs - this.retentionMs;
  }
}

/** Rows that are no deletions; the last one of a key counts. */
function present(rows: Iterable<readonly [string, ModelRow]>): Layer {
  return new Map([...new Map(rows)].filter(([, row]) => row.value !== undefined));
}

export function keyOf(key: ModelKey): string {
  return key.slice(0, key.lastIndexOf("|"));
}

export function timeOf(key: ModelKey): number {
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
