/** Where a session store puts what it found: parallel arrays of which the first `count` places are in use, reused by every record. */
export class FoundSessions {
  count = 0;
  /** Both ends inclusive, ms. */
  readonly startsMs: number[] = [];
  readonly endsMs: number[] = [];
  readonly values: unknown[] = [];

  add(startMs: number, endMs: number, value: unknown): void {
    const at = this.count++;
    this.startsMs[at] = startMs;
    this.endsMs[at] = endMs;
    this.values[at] = value;
  }
}
