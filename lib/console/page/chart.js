// @ts-check
import { make, makeSvg, setText, syncList } from "./dom.js";
import { clock } from "./format.js";
import { bandPath, linear, linePath, nearest, niceTop, stack } from "./scale.js";

/** @typedef {import("../state.ts").ConsoleSample} Sample */
/**
 * @typedef {object} Series
 * @property {string} name
 * @property {string} colour a custom property, for example `--accent`
 * @property {(sample: Sample) => number | null} value
 * @property {boolean} [dashed]
 * @property {boolean} [filled] a line with its area
 */
/** @typedef {{ readonly atMs: number, readonly text: string }} Mark */
/** @typedef {{ readonly samples: readonly Sample[], readonly fromMs: number, readonly toMs: number, readonly marks: readonly Mark[] }} View */

const HEIGHT = 168;
const LEFT = 38;
const RIGHT = 6;
const TOP = 12;
const BOTTOM = 18;
const TICK_MS = 30_000;

/**
 * A chart over time: lines, stacked areas or stacked steps, a legend that shows values, and a cursor shared by all charts.
 *
 * Owns its plot and its legend. Does not own the samples, nor where the cursor is: it asks for that to be moved.
 */
export class TimeChart {
  /**
   * @param {HTMLElement} panel
   * @param {object} options
   * @param {"lines" | "stack" | "steps"} options.shape
   * @param {number} options.leastTop the axis never ends below this
   * @param {(value: number | null) => string} options.format
   * @param {string} options.what for screen readers: what is drawn
   * @param {boolean} [options.total] show the sum in the legend
   * @param {(atMs: number | null) => void} options.moveCursor
   */
  constructor(panel, options) {
    this.options = options;
    /** @type {readonly Series[]} */
    this.series = [];
    /** @type {View} */
    this.view = { samples: [], fromMs: 0, toMs: 1, marks: [] };
    /** @type {number | null} */
    this.cursorMs = null;
    this.width = 400;
    this.svg = makeSvg("svg", { role: "img", "aria-label": options.what });
    this.back = makeSvg("g");
    this.paths = makeSvg("g");
    this.front = makeSvg("g");
    this.svg.append(this.back, this.paths, this.front);
    this.plot = make(
      "div",
      {
        class: "chart-plot",
        tabindex: "0",
        "aria-label": `${options.what}. Arrow keys move the cursor.`,
        role: "group",
      },
      this.svg,
    );
    this.legend = make("ul", { class: "legend" });
    this.time = make("span", { class: "legend-time" });
    panel.querySelector(".panel-head")?.append(this.time);
    panel.append(this.plot, this.legend);
    this.listen();
    new ResizeObserver(([entry]) => {
      this.width = Math.max(160, entry?.contentRect.width ?? this.width);
      this.draw();
    }).observe(this.plot);
  }

  listen() {
    this.plot.addEventListener("pointermove", (event) => {
      const share = (event.clientX - this.plot.getBoundingClientRect().left - LEFT) / (this.width - LEFT - RIGHT);
      this.moveTo(this.view.fromMs + Math.min(1, Math.max(0, share)) * (this.view.toMs - this.view.fromMs));
    });
    this.plot.addEventListener("pointerleave", () => this.moveTo(null));
    this.plot.addEventListener("blur", () => this.moveTo(null));
    this.plot.addEventListener("keydown", (event) => {
      const stepMs = { ArrowLeft: -1_000, ArrowRight: 1_000, PageUp: -10_000, PageDown: 10_000 }[event.key];
      if (event.key === "Escape") this.moveTo(null);
      if (stepMs === undefined) return;
      event.preventDefault();
      const from = this.cursorMs ?? this.view.toMs;
      this.moveTo(Math.min(this.view.toMs, Math.max(this.view.fromMs, from + stepMs)));
    });
  }

  /** @param {number | null} atMs */
  moveTo(atMs) {
    this.options.moveCursor(atMs);
  }

  /** @param {readonly Series[]} series */
  setSeries(series) {
    this.series = series;
  }

  /** @param {View} view @param {number | null} cursorMs */
  update(view, cursorMs) {
    this.view = view;
    this.cursorMs = cursorMs;
    this.draw();
  }

  /** @param {number | null} cursorMs */
  setCursor(cursorMs) {
    this.cursorMs = cursorMs;
    this.drawFront(this.scales());
    this.drawLegend();
  }

  draw() {
    const scales = this.scales();
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.drawBack(scales);
    this.drawSeries(scales);
    this.drawFront(scales);
    this.drawLegend();
  }

  scales() {
    const { samples, fromMs, toMs } = this.view;
    let top = 0;
    for (const sample of samples) {
      if (sample.atMs < fromMs) continue;
      const values = this.series.map((series) => series.value(sample) ?? 0);
      const high =
        this.options.shape === "lines" ? Math.max(0, ...values) : values.reduce((sum, value) => sum + value, 0);
      top = Math.max(top, high);
    }
    const end = niceTop(top, this.options.leastTop);
    return {
      top: end,
      x: linear([fromMs, toMs], [LEFT, this.width - RIGHT]),
      y: linear([0, end], [HEIGHT - BOTTOM, TOP]),
    };
  }

  /** @param {ReturnType<TimeChart["scales"]>} scales */
  drawBack({ x, y, top }) {
    this.back.replaceChildren();
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const at = y(top * share);
      this.back.append(
        makeSvg("line", {
          x1: LEFT,
          x2: this.width - RIGHT,
          y1: at,
          y2: at,
          class: share === 0 ? "base-line" : "grid-line",
        }),
      );
      if (share === 0.25 || share === 0.75) continue;
      const label = makeSvg("text", { x: LEFT - 6, y: at + 3.5, "text-anchor": "end" });
      label.textContent = this.options.format(top * share);
      this.back.append(label);
    }
    const { fromMs, toMs } = this.view;
    for (let at = Math.ceil(fromMs / TICK_MS) * TICK_MS; at <= toMs; at += TICK_MS) {
      const px = x(at);
      if (px < LEFT + 22 || px > this.width - RIGHT - 20) continue;
      const label = makeSvg("text", { x: px, y: HEIGHT - 4, "text-anchor": "middle" });
      label.textContent = clock(at);
      this.back.append(label);
    }
  }

  /** @param {ReturnType<TimeChart["scales"]>} scales */
  drawSeries(scales) {
    const { samples, fromMs } = this.view;
    // One sample before the left edge, so that lines enter from the edge instead of starting inside.
    const first = samples.findIndex((sample) => sample.atMs >= fromMs);
    const shown = first < 0 ? [] : samples.slice(Math.max(0, first));
    const paths = this.options.shape === "lines" ? this.lines(shown, scales) : this.bands(shown, scales);
    this.paths.replaceChildren(...paths);
  }

  /** @param {readonly Sample[]} samples @param {ReturnType<TimeChart["scales"]>} scales */
  lines(samples, scales) {
    return this.series.flatMap((series) => {
      const points = samples.map((sample) => ({ atMs: sample.atMs, value: series.value(sample) }));
      const line = makeSvg("path", {
        d: linePath(points, scales),
        class: "series-line",
        "data-dash": series.dashed ? "yes" : "no",
      });
      line.style.setProperty("--series", `var(${series.colour})`);
      if (!series.filled) return [line];
      const band = points.map(({ atMs, value }) => ({ atMs, low: 0, high: value ?? 0 }));
      const area = makeSvg("path", { d: bandPath(band, scales), class: "series-area" });
      area.style.setProperty("--series", `var(${series.colour})`);
      return [area, line];
    });
  }

  /** @param {readonly Sample[]} samples @param {ReturnType<TimeChart["scales"]>} scales */
  bands(samples, scales) {
    const step = this.options.shape === "steps";
    const stacks = samples.map((sample) => stack(this.series.map((series) => series.value(sample))));
    return this.series.map((series, index) => {
      const band = samples.map((sample, at) => ({
        atMs: sample.atMs,
        ...(stacks[at]?.[index] ?? { low: 0, high: 0 }),
      }));
      const path = makeSvg("path", { d: bandPath(band, { ...scales, step }), class: "series-stack" });
      path.style.setProperty("--series", `var(${series.colour})`);
      return path;
    });
  }

  /** @param {ReturnType<TimeChart["scales"]>} scales */
  drawFront({ x }) {
    this.front.replaceChildren();
    let lastTextX = Number.NEGATIVE_INFINITY;
    for (const mark of this.view.marks) {
      if (mark.atMs < this.view.fromMs || mark.atMs > this.view.toMs) continue;
      const px = x(mark.atMs);
      this.front.append(makeSvg("line", { x1: px, x2: px, y1: TOP - 2, y2: HEIGHT - BOTTOM, class: "mark-line" }));
      if (px - lastTextX < mark.text.length * 7) continue;
      lastTextX = px;
      // A label near the right edge ends there instead of leaving the chart.
      const late = px > this.width - RIGHT - mark.text.length * 3.4;
      const text = makeSvg("text", {
        x: late ? this.width - RIGHT : px,
        y: TOP - 4,
        "text-anchor": late ? "end" : "middle",
        class: "mark-text",
      });
      text.textContent = mark.text;
      this.front.append(text);
    }
    const sample = this.cursorMs === null ? undefined : nearest(this.view.samples, this.cursorMs);
    if (sample === undefined) return;
    const px = Math.max(LEFT, x(sample.atMs));
    this.front.append(makeSvg("line", { x1: px, x2: px, y1: TOP, y2: HEIGHT - BOTTOM, class: "cursor-line" }));
  }

  drawLegend() {
    const { samples } = this.view;
    const sample = this.cursorMs === null ? samples.at(-1) : nearest(samples, this.cursorMs);
    setText(this.time, this.cursorMs === null || sample === undefined ? "" : clock(sample.atMs));
    /** @type {{ name: string, colour: string, dashed: boolean, value: number | null }[]} */
    const rows = this.series.map((series) => ({
      name: series.name,
      colour: series.colour,
      dashed: series.dashed ?? false,
      value: sample === undefined ? null : series.value(sample),
    }));
    if (this.options.total && sample !== undefined) {
      rows.unshift({
        name: "total",
        colour: "",
        dashed: false,
        value: rows.reduce((sum, row) => sum + (row.value ?? 0), 0),
      });
    }
    syncList(this.legend, rows, {
      key: (row) => row.name,
      create: (row) => {
        const swatch = make("span", { class: "swatch", "data-dash": row.dashed ? "yes" : "no" });
        swatch.style.setProperty("--series", `var(${row.colour})`);
        return make("li", {}, ...(row.colour === "" ? [] : [swatch]), row.name, make("b"));
      },
      update: (item, row) => void setText(/** @type {Element} */ (item.lastChild), this.options.format(row.value)),
    });
    const spoken = rows.map((row) => `${row.name} ${this.options.format(row.value)}`).join(", ");
    this.svg.setAttribute("aria-label", `${this.options.what}. Now: ${spoken}`);
  }
}
