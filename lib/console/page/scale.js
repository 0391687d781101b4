// @ts-check
/** The geometry of the charts. Pure: no document in here. */

/** @typedef {{ readonly atMs: number, readonly value: number | null }} Point */
/** @typedef {(value: number) => number} Scale */

/**
 * The top of an axis: the smallest round number that holds `value` and whose half is round as well.
 * @param {number} value
 * @param {number} least the axis never ends below this
 */
export function niceTop(value, least) {
  const wanted = Math.max(value, least);
  if (wanted <= 4) return 4;
  if (wanted <= 6) return 6;
  if (wanted <= 8) return 8;
  const power = 10 ** Math.floor(Math.log10(wanted));
  for (const step of [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8]) if (step * power >= wanted) return step * power;
  return 10 * power;
}

/**
 * A linear scale.
 * @param {readonly [number, number]} domain
 * @param {readonly [number, number]} range
 * @returns {Scale}
 */
export function linear([from, to], [start, end]) {
  const slope = to === from ? 0 : (end - start) / (to - from);
  return (value) => start + (value - from) * slope;
}

/**
 * Path of a line. A missing value is a gap; a lone point is a short stroke.
 *
 * @param {readonly Point[]} points
 * @param {{ x: Scale, y: Scale, step?: boolean }} scales `step`: a value holds until the next point
 */
export function linePath(points, { x, y, step = false }) {
  let path = "";
  let open = false;
  for (const { atMs, value } of points) {
    if (value === null) {
      open = false;
      continue;
    }
    const px = x(atMs).toFixed(1);
    const py = y(value).toFixed(1);
    if (!open) path += `M${px} ${py}h0.1`;
    else path += step ? `H${px}V${py}` : `L${px} ${py}`;
    open = true;
  }
  return path;
}

/**
 * Path of the band between two lines with the same times.
 *
 * @param {readonly { readonly atMs: number, readonly low: number, readonly high: number }[]} band
 * @param {{ x: Scale, y: Scale, step?: boolean }} scales
 */
export function bandPath(band, { x, y, step = false }) {
  let path = "";
  for (const [index, { atMs, high }] of band.entries()) {
    const px = x(atMs).toFixed(1);
    const py = y(high).toFixed(1);
    if (index === 0) path = `M${px} ${py}`;
    else path += step ? `H${px}V${py}` : `L${px} ${py}`;
  }
  // Back along the lower edge. A stepped edge keeps the value of the earlier point all the way to the later one.
  for (let index = band.length - 1; index >= 0; index -= 1) {
    const point = band[index];
    const earlier = band[index - 1];
    if (point === undefined) break;
    path += `L${x(point.atMs).toFixed(1)} ${y(step && earlier ? earlier.low : point.low).toFixed(1)}`;
    if (step && earlier) path += `H${x(earlier.atMs).toFixed(1)}`;
  }
  return path === "" ? "" : `${path}Z`;
}

/**
 * Running sums of several series: where each one's band lies.
 *
 * @param {readonly (number | null)[]} values of one moment, from the bottom up; unknown counts as nothing
 * @returns {readonly { low: number, high: number }[]}
 */
export function stack(values) {
  let low = 0;
  return values.map((value) => {
    const band = { low, high: low + (value ?? 0) };
    low = band.high;
    return band;
  });
}

/**
 * The sample nearest to a moment.
 * @template {{ readonly atMs: number }} Sample
 * @param {readonly Sample[]} samples by time
 * @param {number} atMs
 * @returns {Sample | undefined}
 */
export function nearest(samples, atMs) {
  let low = 0;
  let high = samples.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle]?.atMs ?? 0) < atMs) low = middle + 1;
    else high = middle;
  }
  const after = samples[low];
  const before = samples[low - 1];
  if (before === undefined || after === undefined) return after;
  return atMs - before.atMs < after.atMs - atMs ? before : after;
}
