import { type Spread, spreadOf } from "../statistics.ts";
import { formatFigure, formatTable } from "../table.ts";
import type { Workload } from "./workload.ts";

/** Figures of one run of one side. */
export interface RunFigures {
  readonly side: string;
  readonly seconds: number;
  /** From starting the process to its first output record in the log. */
  readonly secondsToFirst: number;
  readonly recordsPerSecond: number;
  /** What was not measured: the time in which both sides compile their code. Undefined in a quick look. */
  readonly warmUp: { readonly seconds: number; readonly recordsPerSecond: number } | undefined;
  readonly recordsPerCpuSecond: number | undefined;
  /** Largest resident memory of the client. */
  readonly memoryBytes: number | undefined;
  /** What the Java reader found in the output. */
  readonly output: {
    readonly records: number;
    readonly total: number;
    readonly wrong: number;
    /** The same for every client that wrote the same records, in whatever order. */
    readonly digest: string;
  };
}

/** One side over all rounds. */
export interface SideFigures {
  readonly recordsPerSecond: Spread;
  readonly warmUpRecordsPerSecond: Spread | undefined;
  readonly recordsPerCpuSecond: Spread | undefined;
  readonly secondsToFirst: Spread;
  readonly runs: readonly RunFigures[];
}

/** The figures of each side by name. */
export function bySide(runs: readonly RunFigures[]): ReadonlyMap<string, SideFigures> {
  const sides = [...new Set(runs.map((run) => run.side))];
  return new Map(sides.map((side) => [side, sideFigures(runs.filter((run) => run.side === side))]));
}

function sideFigures(runs: readonly RunFigures[]): SideFigures {
  const known = (values: readonly (number | undefined)[]) => {
    const numbers = values.filter((value) => value !== undefined);
    return numbers.length === 0 ? undefined : spreadOf(numbers);
  };
  return {
    recordsPerSecond: spreadOf(runs.map((run) => run.recordsPerSecond)),
    warmUpRecordsPerSecond: known(runs.map((run) => run.warmUp?.recordsPerSecond)),
    recordsPerCpuSecond: known(runs.map((run) => run.recordsPerCpuSecond)),
    secondsToFirst: spreadOf(runs.map((run) => run.secondsToFirst)),
    runs,
  };
}

/** How many times more of each figure `ours` has than `theirs`, by medians; `worst` is our slowest to their fastest round. */
export interface Ratios {
  readonly ratio: number;
  readonly worst: number;
  readonly perCpuSecond: number | undefined;
}

/** Compares two sides. */
export function ratiosOf(ours: SideFigures, theirs: SideFigures): Ratios {
  const medians = (a: Spread | undefined, b: Spread | undefined) =>
    a === undefined || b === undefined ? undefined : a.median / b.median;
  return {
    ratio: ours.recordsPerSecond.median / theirs.recordsPerSecond.median,
    worst: ours.recordsPerSecond.min / theirs.recordsPerSecond.max,
    perCpuSecond: medians(ours.recordsPerCpuSecond, theirs.recordsPerCpuSecond),
  };
}

/**
 * Says what is wrong with an output; undefined when it is right. Counts must be every update of every key, in order, or with
 * record caches some of them, in order, and the last. Any other output must be the same as that of the first run, whoever
 * that was; with record caches the last records of all keys.
 */
export function wrongOutput(run: RunFigures, workload: Workload, first: RunFigures): string | undefined {
  const { records, total, wrong, digest } = run.output;
  const everyUpdate = workload.cacheBytes === 0;
  if (workload.format === "count") {
    if ((records === workload.records || !everyUpdate) && total === workload.records && wrong === 0) return undefined;
    return `${run.side}: ${formatFigure(records)} output records, counts sum to ${formatFigure(total)}, ${wrong} out of order; expected ${formatFigure(workload.records)} of each and none`;
  }
  if ((records === first.output.records || !everyUpdate) && digest === first.output.digest) return undefined;
  return `${run.side}: ${formatFigure(records)} output records with digest ${digest}; ${first.side} wrote ${formatFigure(first.output.records)} with ${first.output.digest}`;
}

/** The table that is printed. */
export function resultTable(sides: ReadonlyMap<string, SideFigures>): string {
  const spread = (figure: Spread | undefined) =>
    figure === undefined
      ? "–"
      : `${formatFigure(figure.median)} (${formatFigure(figure.min)} – ${formatFigure(figure.max)})`;
  const rows = [...sides].map(([side, figures]) => [
    side,
    spread(figures.recordsPerSecond),
    spread(figures.recordsPerCpuSecond),
    spread(figures.secondsToFirst),
    spread(figures.warmUpRecordsPerSecond),
  ]);
  return formatTable([["", "records/s", "records/CPU s", "s to first", "records/s warming up"], ...rows]);
}
