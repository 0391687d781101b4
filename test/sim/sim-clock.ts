import type { Clock } from "../../lib/ports/clock.ts";
import { keyedRandom } from "./keyed-random.ts";

interface Alarm {
  readonly atMs: number;
  readonly tie: number;
  readonly order: number;
  readonly ring: () => void;
}

/**
 * Virtual time: nothing happens but what somebody sleeps for.
 *
 * One alarm rings at a time; then everything that it set off runs until it waits again. Alarms of the same moment ring in an
 * order that the seed decides.
 */
export class SimClock implements Clock {
  private timeMs = 0;
  private order = 0;
  private readonly heap: Alarm[] = [];
  private readonly tie: (index: number) => number;

  constructor(seed: number) {
    this.tie = keyedRandom(seed, "clock");
  }

  nowMs(): number {
    return 1_700_000_000_000 + Math.floor(this.timeMs);
  }

  monotonicMs(): number {
    return this.timeMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      signal?.addEventListener("abort", () => resolve(), { once: true });
      this.at(this.timeMs + Math.max(0, ms), resolve);
    });
  }

  /** Rings at a time of the virtual clock. */
  at(atMs: number, ring: () => void): void {
    const order = this.order++;
    this.push({ atMs, tie: this.tie(order), order, ring });
  }

  /** Runs until the time, or until `done` says so. @returns false when nothing is left to happen */
  async run(untilMs: number, done: () => boolean): Promise<boolean> {
    while (!done()) {
      const next = this.heap[0];
      if (next === undefined) return false;
      if (next.atMs > untilMs) return true;
      this.pop();
      this.timeMs = Math.max(this.timeMs, next.atMs);
      next.ring();
      // One round of the event loop: everything that the alarm set off has come to rest, however long its chain of promises.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return true;
  }

  private push(alarm: Alarm): void {
    const { heap } = this;
    heap.push(alarm);
    for (let child = heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!before(heap[child] as Alarm, heap[parent] as Alarm)) return;
      swap(heap, child, parent);
      child = parent;
    }
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop() as Alarm;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let parent = 0; ; ) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && before(heap[child] as Alarm, heap[least] as Alarm)) least = child;
      }
      if (least === parent) return;
      swap(heap, parent, least);
      parent = least;
    }
  }
}

function before(a: Alarm, b: Alarm): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.tie !== b.tie) return a.tie < b.tie;
  return a.order < b.order;
}

function swap(heap: Alarm[], a: number, b: number): void {
  const kept = heap[a] as Alarm;
  heap[a] = heap[b] as Alarm;
  heap[b] = kept;
}
