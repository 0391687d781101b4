// @ts-check
/** Numbers and times as people read them. Pure: no document in here. */

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/**
 * `1,234,567`; a dash for what is not known.
 * @param {number | null | undefined} value
 */
export function count(value) {
  return value === null || value === undefined || !Number.isFinite(value) ? "–" : whole.format(value);
}

/**
 * Short form for charts: `950`, `1.2k`, `34k`, `1.2M`.
 * @param {number | null | undefined} value
 */
export function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size < 999.5) return Number.isInteger(value) || size >= 10 ? value.toFixed(0) : value.toFixed(1);
  if (size < 999_500) return `${(value / 1e3).toFixed(size < 9_950 ? 1 : 0)}k`;
  return `${(value / 1e6).toFixed(size < 9.95e6 ? 1 : 0)}M`;
}

/**
 * `123.45`
 * @param {number | null | undefined} value
 */
export function price(value) {
  return value === null || value === undefined || !Number.isFinite(value) ? "–" : cents.format(value);
}

/**
 * A duration: `12 ms`, `3.4 s`, `2 min 05 s`, `3 h 12 min`.
 * @param {number} ms
 */
export function duration(ms) {
  const span = Math.max(0, ms);
  if (span < 1_000) return `${Math.round(span)} ms`;
  if (span < 59_950) return `${(span / 1_000).toFixed(1)} s`;
  const seconds = Math.round(span / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  return `${Math.floor(seconds / 3_600)} h ${pad(Math.floor((seconds % 3_600) / 60))} min`;
}

/**
 * How long something has lived, in whole seconds so that it does not flicker: `31 s`, `2 min 05 s`.
 * @param {number} ms
 */
export function age(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1_000);
}

/**
 * How long ago, without false precision: `now`, `4 s ago`, `3 min ago`.
 * @param {number} ms
 */
export function ago(ms) {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 1) return "now";
  if (seconds < 100) return `${seconds} s ago`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min ago`;
  return `${Math.round(seconds / 3_600)} h ago`;
}

/**
 * Wall time in the reader's zone: `14:03:09`.
 * @param {number} atMs
 */
export function clock(atMs) {
  const at = new Date(atMs);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

/**
 * A window in event time, which is shown in UTC, because records carry no zone: `14:03:05–10`, with the day if it is not
 * the day of `nowMs`.
 *
 * @param {number} startMs
 * @param {number} endMs
 * @param {number} nowMs
 */
export function windowSpan(startMs, endMs, nowMs) {
  const start = new Date(startMs).toISOString();
  const end = new Date(endMs).toISOString();
  const sameMinute = start.slice(0, 16) === end.slice(0, 16);
  const span = `${start.slice(11, 19)}–${sameMinute ? end.slice(17, 19) : end.slice(14, 19)}`;
  return start.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10) ? span : `${start.slice(0, 10)} ${span}`;
}

/**
 * `834 B`, `12.4 KiB`, `3.1 MiB`
 * @param {number} value
 */
export function bytes(value) {
  if (value < 1_024) return `${value} B`;
  if (value < 1_048_576) return `${(value / 1_024).toFixed(1)} KiB`;
  return `${(value / 1_048_576).toFixed(1)} MiB`;
}

/**
 * `1 worker`, `2 workers`
 * @param {number} value
 * @param {string} noun
 */
export function plural(value, noun) {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/**
 * A list with ranges: `0–3, 7`.
 * @param {readonly number[]} values ascending
 */
export function ranges(values) {
  /** @type {string[]} */
  const parts = [];
  for (let from = 0; from < values.length; ) {
    let to = from;
    while (to + 1 < values.length && values[to + 1] === Number(values[to]) + 1) to += 1;
    parts.push(to - from < 2 ? values.slice(from, to + 1).join(", ") : `${values[from]}–${values[to]}`);
    from = to + 1;
  }
  return parts.join(", ");
}

/** @param {number} value */
function pad(value) {
  return String(value).padStart(2, "0");
}
