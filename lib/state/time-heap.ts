/** So few keys are not worth a look at what they stand for. */
const FEW_KEYS = 1024;

/**
 * Keys by time, then by their bytes: a binary heap that gives the smallest first. A key that is of no use any more cannot be taken
 * out of its middle: whoever leaves some there fills it anew when it is crowded.
 */
export class TimeHeap {
  private crowdedAbove = FEW_KEYS;
  private readonly timesMs: number[] = [];
  private readonly keys: string[] = [];

  get size(): number {
    return this.keys.length;
  }

  /** Smallest time; infinity when empty. */
  get firstMs(): number {
    return this.timesMs[0] ?? Number.POSITIVE_INFINITY;
  }

  /** Key with the smallest time. The heap must not be empty. */
  get firstKey(): string {
    return this.keys[0] as string;
  }

  /** It has more than twice the keys that it was filled with. */
  get isCrowded(): boolean {
    return this.keys.length > this.crowdedAbove;
  }

  /** Has these keys and no others. */
  refill(entries: Iterable<readonly [keyText: string, timeMs: number]>): void {
    this.clear();
    for (const [keyText, timeMs] of entries) this.add(keyText, timeMs);
    this.crowdedAbove = this.keys.length * 2 + FEW_KEYS;
  }

  add(keyText: string, timeMs: number): void {
    let at = this.keys.length;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.isBefore(timeMs, keyText, parent)) break;
      this.place(at, this.timesMs[parent] as number, this.keys[parent] as string);
      at = parent;
    }
    this.place(at, timeMs, keyText);
  }

  /** Takes out the smallest key. The heap must not be empty. */
  take(): string {
    const first = this.keys[0] as string;
    const timeMs = this.timesMs.pop() as number;
    const keyText = this.keys.pop() as string;
    if (this.keys.length > 0) this.siftDown(timeMs, keyText);
    return first;
  }

  clear(): void {
    this.timesMs.length = 0;
    this.keys.length = 0;
  }

  private siftDown(timeMs: number, keyText: string): void {
    const { timesMs, keys } = this;
    let at = 0;
    for (let child = 1; child < keys.length; child = 2 * at + 1) {
      const right = child + 1;
      if (right < keys.length && this.isBefore(timesMs[right] as number, keys[right] as string, child)) child = right;
      if (this.isBefore(timeMs, keyText, child)) break;
      this.place(at, timesMs[child] as number, keys[child] as string);
      at = child;
    }
    this.place(at, timeMs, keyText);
  }

  private isBefore(timeMs: number, keyText: string, other: number): boolean {
    const otherMs = this.timesMs[other] as number;
    return timeMs < otherMs || (timeMs === otherMs && keyText < (this.keys[other] as string));
  }

  private place(at: number, timeMs: number, keyText: string): void {
    this.timesMs[at] = timeMs;
    this.keys[at] = keyText;
  }
}
