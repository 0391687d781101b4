import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { settingsFromEnvironment } from "../lib/config/environment.ts";
import type { App } from "../lib/dsl/app.ts";
import type { WorkerSpec } from "../lib/ports/launcher.ts";
import { runWorker } from "../lib/worker/run-worker.ts";
import { functionLogger, openPorts } from "./shared/compose.ts";
import { parseWorkerEvent } from "./shared/events.ts";
import { lifeOf } from "./shared/life.ts";
import { failuresLogged, parsed } from "./shared/middleware.ts";

/** What a worker's invocation ends with. */
export interface WorkerAnswer {
  readonly worker: string;
  readonly ended: string;
  readonly processed: number;
  /** Codes of the pins that stopped with an error; the log has the rest. */
  readonly errors: readonly { readonly pin: number; readonly code: string }[];
}

/**
 * The worker function of an application: processes the pins that the plan gives it until its time is nearly up, hands them
 * over, and ends. It is started by the coordinator, never by itself.
 *
 * @example
 * export const handler = workerHandler(app);
 */
export function workerHandler(app: App): (event: WorkerSpec, context: Context) => Promise<WorkerAnswer> {
  return middy({ timeoutEarlyInMillis: 0 })
    .use(failuresLogged(functionLogger))
    .use(parsed(parseWorkerEvent))
    .handler<WorkerSpec, WorkerAnswer>(async ({ worker }, context) => {
      const settings = settingsFromEnvironment(process.env);
      await using ports = await openPorts(app);
      const { ended, processed, errors } = await runWorker({ app, ports, settings, worker, life: lifeOf(context) });
      return { worker, ended, processed, errors: errors.map(({ pin, error }) => ({ pin, code: error.code })) };
    });
}
