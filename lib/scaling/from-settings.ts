import type { Settings } from "../config/settings.ts";
import type { ScalingConfig } from "./types.ts";

/** What settings say of scaling, as the decision takes it. */
export function scalingConfig(settings: Settings): ScalingConfig {
  const { scaling, lease } = settings;
  return {
    mode: scaling.mode,
    minWorkers: scaling.minWorkers,
    maxWorkers: scaling.maxWorkers,
    delayObjectiveMs: scaling.delayObjectiveMs,
    utilisation: scaling.utilisationRatio,
    scaleInWindowMs: scaling.scaleInWindowMs,
    idleToZeroMs: scaling.idleToZeroMs,
    deadAfterMs: lease.deadAfterMs,
    startGraceMs: scaling.startGraceMs,
    workerRecordsPerSecond: { value: scaling.recordsPerSecond, fixed: scaling.learnRate === "off" },
  };
}
