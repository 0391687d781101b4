import { jsonLogger } from "../../lib/adapters/system/logger.ts";
import { connectionsFromEnvironment } from "../../lib/config/environment.ts";
import { type ConnectedPorts, type ConnectingApp, connect } from "../../lib/runtime/connect.ts";

/** JSON lines on standard output, where Lambda collects them. */
export const functionLogger = jsonLogger("info", (line) => process.stdout.write(`${line}\n`), Date.now);

/**
 * Connects to what the function's environment names.
 *
 * @throws {StreamError} `CONFIG_INVALID`, and what connecting throws: `BROKER_UNREACHABLE`, `ACCESS_DENIED`, …
 */
export function openPorts(app: ConnectingApp): Promise<ConnectedPorts> {
  const logger = functionLogger.with({ application: app.id });
  return connect(app, connectionsFromEnvironment(process.env), logger);
}
