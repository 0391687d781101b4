import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import { readInt64 } from "./int64.ts";
import type { SerdeLike } from "./json.ts";
import { asSerde } from "./json.ts";
import type { Serde } from "./serde.ts";

/** A span of event time: `[startMs, endMs)` for time windows, `[startMs, endMs]` for sliding windows and sessions. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** A key and the window that a result belongs to. */
export interface Windowed<K> {
  readonly key: K;
  readonly window: Window;
}

/** The largest Java long; ends of windows stop there. As a double it is 2^63. */
const LONGEST_MS = 2 ** 63;

const TIME_BYTES = 8;

/**
 * Keys of time windows in Kafka's bytes: the key's bytes, then the window's start as int64. The end is not written and is
 * read back as start + size. Records go to the partition of the plain key.
 *
 * @param size Size of the windows, as in `timeWindows`.
 * @source Kafka Streams `TimeWindowedSerializer`
 * @example
 * const perMinute = trades.groupByKey().windowedBy(timeWindows({ size: "1m", grace: "5s" })).count();
 * perMinute.toStream().to("trades-per-minute", { key: timeWindowed(string(), "1m"), value: int64() });
 */
export function timeWindowed<K>(key: SerdeLike<K>, size: Duration): Serde<Windowed<K>> {
  const inner = asSerde(key);
  const sizeMs = durationMs(size, "size of timeWindowed");
  return Object.freeze<Serde<Windowed<K>>>({
    id: `time-windowed(${inner.id},${sizeMs})`,
    unpartitionedSuffixBytes: TIME_BYTES,
    write(value, sink) {
      inner.write(value.key, sink);
      sink.int64(value.window.startMs);
    },
    read(bytes, start, end) {
      const keyEnd = keyEndOf(start, end, TIME_BYTES);
      const startMs = readInt64(bytes, keyEnd);
      const endMs = Math.min(startMs + sizeMs, LONGEST_MS);
      return { key: inner.read(bytes, start, keyEnd), window: { startMs, endMs } };
    },
  });
}

/**
 * Keys of session windows in Kafka's bytes: the key's bytes, then the session's end and start as int64. Records go to the
 * partition of the plain key.
 *
 * @source Kafka Streams `SessionWindowedSerializer`
 * @example
 * const visits = clicks.groupByKey().windowedBy(sessionWindows({ gap: "30m", grace: "1m" })).count();
 * visits.toStream().to("clicks-per-visit", { key: sessionWindowed(string()), value: int64() });
 */
export function sessionWindowed<K>(key: SerdeLike<K>): Serde<Windowed<K>> {
  const inner = asSerde(key);
  return Object.freeze<Serde<Windowed<K>>>({
    id: `session-windowed(${inner.id})`,
    unpartitionedSuffixBytes: 2 * TIME_BYTES,
    write(value, sink) {
      inner.write(value.key, sink);
      sink.int64(value.window.endMs);
      sink.int64(value.window.startMs);
    },
    read(bytes, start, end) {
      const keyEnd = keyEndOf(start, end, 2 * TIME_BYTES);
      const endMs = readInt64(bytes, keyEnd);
      const startMs = readInt64(bytes, keyEnd + TIME_BYTES);
      return { key: inner.read(bytes, start, keyEnd), window: { startMs, endMs } };
    },
  });
}

function keyEndOf(start: number, end: number, suffixBytes: number): number {
  if (end - suffixBytes >= start) return end - suffixBytes;
  throw new StreamError(
    "DESERIALIZATION_FAILED",
    `a windowed key has at least ${suffixBytes} bytes, not ${end - start}`,
  );
}
