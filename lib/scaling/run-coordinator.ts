import { type DeployedApplication, prepareApplication } from "../application/prepare.ts";
import { beatMs, type Settings } from "../config/settings.ts";
import { Coordinator, type CoordinatorPorts, type TickReport } from "./coordinator.ts";
import { scalingConfig } from "./from-settings.ts";

/** What a coordinator runs with. */
export interface RunCoordinatorOptions {
  readonly app: DeployedApplication;
  readonly ports: CoordinatorPorts;
  readonly settings: Settings;
  /** `idle`: return as soon as no worker is left (a scheduled function). `stopped`: until told to stop. */
  readonly until: "idle" | "stopped";
  readonly life: { remainingMs(): number | undefined; readonly stop: AbortSignal };
  readonly onTick?: (report: TickReport) => void;
}

/** How much life a scheduled coordinator leaves unused. */
const END_EARLY_MS = 5_000;

/**
 * Runs the coordinator: deploys what is missing, then ticks at the pace of heartbeats while any pin is held.
 *
 * A scheduled function ends when nothing is left to watch; its successor, started by the schedule, goes on with its memory.
 *
 * @throws {StreamError} what `prepareApplication` refuses
 */
export async function runCoordinator(options: RunCoordinatorOptions): Promise<{ readonly ticks: number }> {
  const { ports, settings, life } = options;
  const app = await prepareApplication(options.app, ports, "deploy");
  const coordinator = new Coordinator(app, ports, scalingConfig(settings));
  let ticks = 0;
  for (;;) {
    const report = await coordinator.tick();
    ticks++;
    options.onTick?.(report);
    const quiet =
      report.workers.length === 0 &&
      report.decision.starts.length === 0 &&
      report.leases.every(({ owner }) => owner === undefined);
    const remainingMs = life.remainingMs();
    const over = remainingMs !== undefined && remainingMs < END_EARLY_MS;
    if (life.stop.aborted || over || (quiet && options.until === "idle")) break;
    await ports.clock.sleep(beatMs(settings), life.stop);
  }
  await coordinator.saveMemory();
  return { ticks };
}
