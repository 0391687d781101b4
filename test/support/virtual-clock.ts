import type { Clock, Random } from "../../lib/ports/clock.ts";

interface Alarm {
  readonly atMs: number;
  readonly order: number;
  readonly ring: () => void;
}

/**
 * Time that passes only while everybody waits for it: a sleep of an hour takes one turn of the event loop.
 *
 * As soon as all promises have come to rest, the earliest sleeper is woken and the clock stands at its time.
 */
export class VirtualClock implements Clock {
  private timeMs = 0;
  private order = 0;
  private alarms: Alarm[] = [];
  private ringing = false;
  private readonly epochMs: number;

  constructor(epochMs = 1_700_000_000_000) {
    this.epochMs = epochMs;
  }

  nowMs(): number {
    return this.epochMs + this.timeMs;
  }

  monotonicMs(): number {
    return this.timeMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const alarm: Alarm = { atMs: this.timeMs + Math.max(0, ms), order: this.order++, ring: resolve };
      this.alarms.push(alarm);
      signal?.addEventListener(
        "abort",
        () => {
          this.alarms = this.alarms.filter((other) => other !== alarm);
          resolve();
        },
        { once: true },
      );
      this.ringSoon();
    });
  }

  private ringSoon(): void {
    if (this.ringing) return;
    this.ringing = true;
    setImmediate(() => {
      this.ringing = false;
      const next = this.alarms.reduce<Alarm | undefined>(earlier, undefined);
      if (next === undefined) return;
      this.alarms = this.alarms.filter((alarm) => alarm !== next);
      this.timeMs = Math.max(this.timeMs, next.atMs);
      next.ring();
      this.ringSoon();
    });
  }
}

function earlier(best: Alarm | undefined, alarm: Alarm): Alarm {
  if (best === undefined || alarm.atMs < best.atMs) return alarm;
  return alarm.atMs === best.atMs && alarm.order < best.order ? alarm : best;
}

/** Numbers that are the same in every run. */
export class SeededRandom implements Random {
  private state: number;
  private uuids = 0;

  constructor(seed = 1) {
    this.state = seed;
  }

  next(): number {
    // mulberry32
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  uuid(): string {
    this.uuids++;
    const half = () =>
      Math.floor(this.next() * 0x1_0000_0000)
        .toString(16)
        .padStart(8, "0");
    return `${half()}${half()}${half()}${this.uuids.toString(16).padStart(8, "0")}`;
  }
}
