// @ts-check
import { TimeChart } from "./chart.js";
import { byId } from "./dom.js";
import { short } from "./format.js";

/** @typedef {import("../state.ts").ConsoleState} State */
/** @typedef {import("../state.ts").ConsoleSample} Sample */

/** How far back the charts look. */
const SPAN_MS = 120_000;
const COLOURS = 12;

/** The three charts: one span of time and one cursor for all. */
export class Charts {
  constructor() {
    /** @type {number | null} */
    this.cursorMs = null;
    this.partitions = -1;
    const moveCursor = (/** @type {number | null} */ atMs) => this.moveCursor(atMs);
    this.rate = rateChart(moveCursor);
    this.lag = lagChart(moveCursor);
    this.workers = workersChart(moveCursor);
  }

  /** @param {State} state @param {readonly Sample[]} samples */
  update(state, samples) {
    if (state.lagByPartition.length !== this.partitions) {
      this.partitions = state.lagByPartition.length;
      this.lag.setSeries(lagSeries(this.partitions));
    }
    const marks = [...state.takeovers]
      .reverse()
      .map(({ killedAtMs, worker }) => ({ atMs: killedAtMs, text: `✕ ${worker}` }));
    const view = { samples, fromMs: state.nowMs - SPAN_MS, toMs: state.nowMs, marks };
    for (const chart of [this.rate, this.lag, this.workers]) chart.update(view, this.cursorMs);
  }

  /** @param {number | null} atMs */
  moveCursor(atMs) {
    this.cursorMs = atMs;
    for (const chart of [this.rate, this.lag, this.workers]) chart.setCursor(atMs);
  }
}

/** @typedef {(atMs: number | null) => void} MoveCursor */

/** @param {MoveCursor} moveCursor */
function rateChart(moveCursor) {
  const what = "Records per second over time: load in, and processed";
  const chart = new TimeChart(byId("chart-rate"), { shape: "lines", leastTop: 100, format: short, what, moveCursor });
  chart.setSeries([
    { name: "processed", colour: "--accent", filled: true, value: (sample) => sample.processedPerSecond },
    { name: "load in", colour: "--load", dashed: true, value: (sample) => sample.inPerSecond },
  ]);
  return chart;
}

/** @param {MoveCursor} moveCursor */
function lagChart(moveCursor) {
  const what = "Lag in records over time, stacked by partition";
  return new TimeChart(byId("chart-lag"), {
    shape: "stack",
    leastTop: 100,
    format: short,
    what,
    total: true,
    moveCursor,
  });
}

/** @param {MoveCursor} moveCursor */
function workersChart(moveCursor) {
  const what = "Number of workers over time";
  const chart = new TimeChart(byId("chart-workers"), { shape: "steps", leastTop: 4, format: short, what, moveCursor });
  chart.setSeries([
    { name: "ready", colour: "--accent", value: (sample) => sample.ready },
    { name: "starting", colour: "--p8", value: (sample) => sample.starting },
    { name: "draining", colour: "--p4", value: (sample) => sample.draining },
  ]);
  return chart;
}

/** @param {number} partitions */
function lagSeries(partitions) {
  return Array.from({ length: partitions }, (_, partition) => ({
    name: `p${partition}`,
    colour: `--p${partition % COLOURS}`,
    value: (/** @type {Sample} */ sample) => sample.lagByPartition[partition] ?? null,
  }));
}
