import type { Entry } from "./entry.ts";

/** The sessions of one key, by end, then start. Parallel arrays: a session costs no object beside its entry. */
export class KeySessions {
  readonly startsMs: number[] = [];
  readonly endsMs: number[] = [];
  readonly entries: Entry[] = [];

  add(at: number, startMs: number, entry: Entry): void {
    this.startsMs.splice(at, 0, startMs);
    this.endsMs.splice(at, 0, entry.bucket.startMs);
    this.entries.splice(at, 0, entry);
  }

  remove(at: number): void {
    this.startsMs.splice(at, 1);
    this.endsMs.splice(at, 1);
    this.entries.splice(at, 1);
  }

  isAt(at: number, startMs: number, endMs: number): boolean {
    return this.startsMs[at] === startMs && this.endsMs[at] === endMs;
  }

  /** Place of the first session that does not come before `(endMs, startMs)`; mostly the end, because time goes on. */
  lowerBound(startMs: number, endMs: number): number {
    let high = this.entries.length;
    if (high === 0 || this.isBefore(high - 1, startMs, endMs)) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isBefore(middle, startMs, endMs)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private isBefore(at: number, startMs: number, endMs: number): boolean {
    const end = this.endsMs[at] as number;
    return end < endMs || (end === endMs && (this.startsMs[at] as number) < startMs);
  }
}

/** The sessions of a store that exist now, by key: finding those near a record does not look at other keys. */
export class SessionIndex {
  private readonly byKey = new Map<string, KeySessions>();

  /** All sessions of a key. */
  of(keyText: string): KeySessions | undefined {
    return this.byKey.get(keyText);
  }

  get(keyText: string, startMs: number, endMs: number): Entry | undefined {
    const sessions = this.byKey.get(keyText);
    if (sessions === undefined) return undefined;
    const at = sessions.lowerBound(startMs, endMs);
    return sessions.isAt(at, startMs, endMs) ? sessions.entries[at] : undefined;
  }

  /** Makes the index right about one session, whether it was known before or not. */
  set(keyText: string, startMs: number, entry: Entry): void {
    let sessions = this.byKey.get(keyText);
    if (sessions === undefined) {
      if (!entry.present) return;
      sessions = new KeySessions();
      this.byKey.set(keyText, sessions);
    }
    const endMs = entry.bucket.startMs;
    const at = sessions.lowerBound(startMs, endMs);
    const known = sessions.isAt(at, startMs, endMs);
    if (entry.present && !known) sessions.add(at, startMs, entry);
    else if (!entry.present && known) sessions.remove(at);
    if (sessions.entries.length === 0) this.byKey.delete(keyText);
  }
}
