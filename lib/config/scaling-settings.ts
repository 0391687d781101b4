import { choice, count, duration, ratio } from "./setting.ts";

const second = 1_000;
const minute = 60 * second;

/** How many workers there are. */
export const scalingSettings = {
  mode: choice(["on", "dryRun", "off"], {
    default: "on",
    about: "dryRun decides and logs without acting; off keeps what runs and takes nothing back from dead workers.",
  }),
  minWorkers: count({ default: 0, min: 0, max: 1_000, about: "Workers that stay when there is nothing to do." }),
  maxWorkers: count({
    default: 16,
    min: 1,
    max: 1_000,
    about: "Most workers at a time: a bound on cost. More than one per pin is never started.",
  }),
  delayObjectiveMs: duration({
    default: minute,
    min: second,
    max: 24 * 60 * minute,
    about: "Delay of the oldest unprocessed record that scaling aims to stay below.",
  }),
  utilisationRatio: ratio({
    default: 0.8,
    min: 0.1,
    max: 1,
    about: "Share of a worker's learnt processing rate that is planned for; the rest absorbs bursts.",
  }),
  scaleInWindowMs: duration({
    default: 5 * minute,
    min: 0,
    max: 24 * 60 * minute,
    about:
      "The largest demand in this window is what scale-in plans for, so that a dip does not move state back and forth.",
  }),
  idleToZeroMs: duration({
    default: minute,
    min: 0,
    max: 24 * 60 * minute,
    about: "Time without input after which the last worker publishes its state and ends.",
  }),
  startGraceMs: duration({
    default: 30 * second,
    min: second,
    max: 10 * minute,
    about:
      "A worker that was started and has not sent a heartbeat within this is taken for lost; the next one has twice as long, until one is there. A large container image needs more.",
  }),
  learnRate: choice(["on", "off"], {
    default: "on",
    about: "Whether workers' own rates replace scaling.recordsPerSecond; off for a demonstration on small load.",
  }),
  recordsPerSecond: count({
    default: 50_000,
    min: 1,
    max: 100_000_000,
    unit: "records",
    about:
      "Records per second that a worker is taken to process until it has told its own rate. Too low a guess starts a worker too many once.",
  }),
} as const;
