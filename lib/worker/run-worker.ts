import { type DeployedApplication, prepareApplication } from "../application/prepare.ts";
import type { Settings } from "../config/settings.ts";
import { EncodingTurns } from "../task/encoding-turns.ts";
import type { PinPorts } from "../task/pin-acquire.ts";
import { fromSettings } from "./from-settings.ts";
import { Worker, type WorkerLife, type WorkerSummary } from "./worker.ts";

/** What a worker runs with. */
export interface RunWorkerOptions {
  readonly app: DeployedApplication;
  readonly ports: PinPorts;
  readonly settings: Settings;
  /** Id of this worker; must be new for every container. */
  readonly worker: string;
  readonly life: WorkerLife;
  /** Sees the worker while it runs: for status pages. */
  readonly onStart?: (worker: Worker) => void;
}

/**
 * Runs one worker to its end: until the plan has nothing for it, its deadline comes, or it is told to stop.
 *
 * @returns what it did; pins that stopped with a typed error are listed in `errors`
 * @throws {StreamError} `TOPIC_MISSING`, `TOPOLOGY_INCOMPATIBLE`, … when the application is not deployed like this
 * @example compiled only: it runs until its pins are taken away
 * await using ports = await connect(app, connectionsFromEnvironment({}));
 * const worker = String(process.argv.at(-1)); // a launcher gives each worker a new id
 * const life = { remainingMs: () => undefined, stop: new AbortController().signal };
 * await runWorker({ app, ports, settings: parseSettings(), worker, life });
 */
export async function runWorker(options: RunWorkerOptions): Promise<WorkerSummary> {
  const { ports, settings, worker: id } = options;
  const app = await prepareApplication(options.app, ports, "check");
  const { worker: workerLimits, ...environment } = fromSettings(settings);
  const shared = { worker: id, app, ports, encodingTurns: new EncodingTurns(), ...environment };
  const worker = new Worker(shared, { limits: workerLimits, life: options.life });
  options.onStart?.(worker);
  return worker.run();
}
