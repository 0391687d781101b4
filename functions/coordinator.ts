import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { LambdaLauncher } from "../lib/adapters/lambda/launcher.ts";
import { connectionsFromEnvironment, settingsFromEnvironment } from "../lib/config/environment.ts";
import { StreamError } from "../lib/core/errors.ts";
import type { App } from "../lib/dsl/app.ts";
import { runCoordinator } from "../lib/scaling/run-coordinator.ts";
import { functionLogger, openPorts } from "./shared/compose.ts";
import { lifeOf } from "./shared/life.ts";
import { failuresLogged } from "./shared/middleware.ts";

/**
 * The coordinator function of an application: deploys what is missing, compares lag with workers, starts them, and takes
 * pins back from dead ones. A schedule runs it; two at a time are harmless.
 *
 * @example
 * export const handler = coordinatorHandler(app);
 */
export function coordinatorHandler(
  app: App,
): (event: unknown, context: Context) => Promise<{ readonly ticks: number }> {
  return middy({ timeoutEarlyInMillis: 0 })
    .use(failuresLogged(functionLogger))
    .handler<unknown, { readonly ticks: number }>(async (_event, context) => {
      const settings = settingsFromEnvironment(process.env);
      const { functionName } = connectionsFromEnvironment(process.env).launcher;
      if (functionName === undefined) throw workerFunctionMissing();
      await using ports = await openPorts(app);
      const launcher = new LambdaLauncher({ functionName });
      return await runCoordinator({
        app,
        ports: { ...ports, launcher },
        settings,
        until: "idle",
        life: lifeOf(context),
      });
    });
}

function workerFunctionMissing(): StreamError {
  return new StreamError(
    "CONFIG_INVALID",
    "MILLRACE_LAUNCHER_FUNCTION_NAME is missing: the coordinator starts workers by invoking it",
    {
      details: { setting: "launcher.functionName" },
    },
  );
}
