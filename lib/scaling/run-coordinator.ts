import { type DeployedApplication, prepareApplication } from "../application/prepare.ts";
import { beatMs, type Settings } from "../config/settings.ts";
import { isStreamError } from "../core/errors.ts";
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
/** How often the memory is saved while ticking: what a crash can forget. */
const SAVE_EVERY_MS = 10_000;

/**
 * Runs the coordinator: deploys what is missing, then ticks at the pace of heartbeats while any pin is held.
 *
 * A scheduled function ends when nothing is left to watch; its successor, started by the schedule, goes on with its memory.
 * A tick that fails for a passing reason (a lease table that does not answer) is tried again at the next beat.
 *
 * @throws {StreamError} what `prepareApplication` refuses
 * @example compiled only: it runs until it is told to stop
 * await using ports = await connect(app, connectionsFromEnvironment({}));
 * const launcher = new ProcessLauncher({ command: [process.execPath, "worker.js"] });
 * const life = { remainingMs: () => undefined, stop: new AbortController().signal };
 * await runCoordinator({ app, ports: { ...ports, launcher }, settings: parseSettings(), until: "stopped", life });
 */
export async function runCoordinator(options: RunCoordinatorOptions): Promise<{ readonly ticks: number }> {
  const { ports, settings, life } = options;
  const app = await prepareApplication(options.app, ports, { deploy: settings.topics });
  const coordinator = new Coordinator(app, ports, scalingConfig(settings));
  let ticks = 0;
  let savedAtMs = ports.clock.monotonicMs();
  for (;;) {
    const report = await tryTick(coordinator, ports);
    ticks++;
    if (report !== undefined) options.onTick?.(report);
    if (life.stop.aborted || isOver(life) || (options.until === "idle" && report !== undefined && isQuiet(report)))
      break;
    if (ports.clock.monotonicMs() - savedAtMs >= SAVE_EVERY_MS) {
      savedAtMs = ports.clock.monotonicMs();
      await coordinator.saveMemory();
    }
    await ports.clock.sleep(beatMs(settings), life.stop);
  }
  await coordinator.saveMemory();
  return { ticks };
}

async function tryTick(coordinator: Coordinator, { logger }: CoordinatorPorts): Promise<TickReport | undefined> {
  try {
    return await coordinator.tick();
  } catch (error) {
    if (!isStreamError(error) || error.advice !== "retry") throw error;
    logger.warn("tick-failed", { code: error.code, error: error.message });
    return undefined;
  }
}

function isOver(life: RunCoordinatorOptions["life"]): boolean {
  const leftMs = life.remainingMs();
  return leftMs !== undefined && leftMs < END_EARLY_MS;
}

/** Nobody works, nobody starts: the next look may wait for the schedule. */
function isQuiet({ workers, decision, leases }: TickReport): boolean {
  return workers.length === 0 && decision.starts.length === 0 && leases.every(({ owner }) => owner === undefined);
}
