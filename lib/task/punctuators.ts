import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import { isTimestamp } from "../core/latest-timestamp.ts";
import type { Cancellable, PunctuationType, ScheduleOptions } from "../topology/punctuation.ts";

/** What a task gives to its punctuators. */
export interface PunctuatorHost {
  /** Due time of the committed position, under the id that it has in `dueTimes`. */
  stored(id: string): number | undefined;
  streamTimeMs(): number;
  nowMs(): number;
}

interface Scheduled {
  readonly type: PunctuationType;
  readonly intervalMs: number;
  readonly firesAll: boolean;
  readonly fire: (timestampMs: number) => void;
  /** `owner/type:name` where the due time is to survive. */
  readonly id: string | undefined;
  dueMs: number;
  /** Nothing was missed before the first tick: it stands for the beginning of time. */
  fresh: boolean;
}

/**
 * The punctuators of one task: when each is due, and what became of ticks that were missed.
 *
 * Due times of named punctuators, and of those that are scheduled while their processor starts, are clocks of the position
 * record, so they go on after a restart and are rolled back with an aborted transaction.
 *
 * @source Kafka Streams `PunctuationQueue`, `PunctuationSchedule`
 */
export class Punctuators {
  private readonly host: PunctuatorHost;
  private scheduled: Scheduled[] = [];
  /** True while processors start: then stored due times are taken up. */
  private starting = false;
  private readonly startedBy = new Map<string, number>();
  /** Ids that were cancelled while processors start: their stored due times do not count any more. */
  private readonly cancelled = new Set<string>();

  constructor(host: PunctuatorHost) {
    this.host = host;
  }

  /** Forgets everything that was scheduled and lets `start` schedule anew. */
  restart(start: () => void): void {
    this.scheduled = [];
    this.startedBy.clear();
    this.cancelled.clear();
    this.starting = true;
    start();
    this.starting = false;
  }

  /** Schedules a punctuator. @throws {StreamError} `CONFIG_INVALID`, `TOPOLOGY_INVALID` for a name that is in use */
  schedule(owner: string, options: ScheduleOptions, fire: (timestampMs: number) => void): Cancellable {
    const { type, missed = "fireOnce" } = options;
    const intervalMs = checkedInterval(options);
    const name = this.nameOf(owner, options);
    const id = name === undefined ? undefined : `${owner}/${type}:${name}`;
    if (id !== undefined && this.scheduled.some((other) => other.id === id)) {
      throw new StreamError("TOPOLOGY_INVALID", `${owner} schedules two punctuators named ${name}: rename one`);
    }
    let dueMs = this.storedDueMs(id);
    const fresh = dueMs === undefined;
    dueMs ??= this.firstDueMs(options, intervalMs);
    if (!fresh && missed === "skip") dueMs = nextTick(dueMs, intervalMs, this.timeOf(type));
    const item: Scheduled = { type, intervalMs, firesAll: missed === "fireAll", fire, id, dueMs, fresh };
    this.scheduled.push(item);
    return {
      cancel: () => {
        this.scheduled = this.scheduled.filter((other) => other !== item);
        if (id !== undefined && this.starting) this.cancelled.add(id);
      },
    };
  }

  /** Calls what is due by stream time, `most` times at most. @returns how many calls */
  punctuateStreamTime(most: number): number {
    const timeMs = this.host.streamTimeMs();
    return timeMs < 0 ? 0 : this.punctuate("streamTime", timeMs, most);
  }

  /** Calls what is due by wall-clock time, `most` times at most. @returns how many calls */
  punctuateWallClock(most: number): number {
    return this.punctuate("wallClockTime", this.host.nowMs(), most);
  }

  /** Whether ticks that the last record made due were more than was called: they come before the next record. */
  get isBehind(): boolean {
    const timeMs = this.host.streamTimeMs();
    return this.scheduled.some((item) => {
      return item.type === "streamTime" && item.firesAll && !item.fresh && item.dueMs <= timeMs;
    });
  }

  /** Nothing is scheduled. */
  get isEmpty(): boolean {
    return this.scheduled.length === 0;
  }

  /** When the next one is due by wall-clock time; undefined when none is scheduled. */
  nextWallClockMs(): number | undefined {
    return this.first("wallClockTime")?.dueMs;
  }

  /** The due times that are to survive. */
  *dueTimes(): IterableIterator<readonly [id: string, dueMs: number]> {
    for (const { id, dueMs } of this.scheduled) if (id !== undefined) yield [id, dueMs];
  }

  private punctuate(type: PunctuationType, timeMs: number, most: number): number {
    let calls = 0;
    while (calls < most) {
      const item = this.first(type);
      if (item === undefined || item.dueMs > timeMs) break;
      const { dueMs, intervalMs, fire } = item;
      const each = item.firesAll && !item.fresh;
      item.fresh = false;
      item.dueMs = each ? dueMs + intervalMs : nextTick(dueMs, intervalMs, timeMs);
      fire(each ? dueMs : timeMs);
      calls++;
    }
    return calls;
  }

  private first(type: PunctuationType): Scheduled | undefined {
    let first: Scheduled | undefined;
    for (const item of this.scheduled) {
      if (item.type !== type) continue;
      if (first === undefined || item.dueMs < first.dueMs) first = item;
    }
    return first;
  }

  private firstDueMs({ type, startMs }: ScheduleOptions, intervalMs: number): number {
    if (startMs === undefined) return type === "streamTime" ? 0 : this.host.nowMs() + intervalMs;
    if (!isTimestamp(startMs) || startMs < 0) {
      throw new StreamError("CONFIG_INVALID", `startMs of schedule is ${startMs}: give whole milliseconds from 0 on`);
    }
    const timeMs = this.timeOf(type);
    return startMs < timeMs ? nextTick(startMs, intervalMs, timeMs) : startMs;
  }

  private storedDueMs(id: string | undefined): number | undefined {
    return this.starting && id !== undefined && !this.cancelled.has(id) ? this.host.stored(id) : undefined;
  }

  private nameOf(owner: string, { name }: ScheduleOptions): string | undefined {
    if (name !== undefined || !this.starting) return name;
    const place = this.startedBy.get(owner) ?? 0;
    this.startedBy.set(owner, place + 1);
    return String(place);
  }

  private timeOf(type: PunctuationType): number {
    return type === "streamTime" ? this.host.streamTimeMs() : this.host.nowMs();
  }
}

/** The first tick of a grid that lies after a time; the due one itself when it does. */
function nextTick(dueMs: number, intervalMs: number, timeMs: number): number {
  if (dueMs > timeMs) return dueMs;
  return dueMs + (Math.floor((timeMs - dueMs) / intervalMs) + 1) * intervalMs;
}

function checkedInterval({ interval }: ScheduleOptions): number {
  const intervalMs = durationMs(interval, "interval of schedule");
  if (intervalMs >= 1) return intervalMs;
  throw new StreamError("CONFIG_INVALID", "interval of schedule is 0 ms: give 1 ms or more");
}
