import { existsSync } from "node:fs";
import { join } from "node:path";
import { connectionsFromEnvironment, settingsFromEnvironment } from "../config/environment.ts";
import { StreamError } from "../core/errors.ts";
import type { App } from "../dsl/app.ts";
import type { PinPorts } from "../task/pin-acquire.ts";
import { embeddedPlatform } from "../testing/embedded-platform.ts";

/** Where an application's log, leases and snapshots are: in a folder, or where the variables say. */
export interface Place {
  /** Folder of an embedded run that has stopped. */
  readonly data: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens the ports of an application, does something with them, and closes them.
 *
 * @throws {StreamError} `CONFIG_INVALID` for a folder that no embedded run has left, and what opening or doing throws
 */
export async function onPorts<T>(
  app: App,
  { data, environment }: Place,
  use: (ports: Pick<PinPorts, "log" | "leases" | "objects">) => Promise<T>,
): Promise<T> {
  if (data !== undefined) {
    // Opening it would make it, and answer that nothing is there.
    if (!existsSync(join(data, "log"))) throw noRun(data);
    const platform = embeddedPlatform({ app, folder: data });
    try {
      return await use(platform);
    } finally {
      await platform.close();
    }
  }
  settingsFromEnvironment(environment); // names a misspelt variable
  const connections = connectionsFromEnvironment(environment);
  // Loaded only here: the SDKs take longer than everything else that this program does.
  const { connect } = await import("../runtime/connect.ts");
  await using ports = await connect(app, connections);
  return await use(ports);
}

function noRun(data: string): StreamError {
  return new StreamError(
    "CONFIG_INVALID",
    `--data ${data}: no embedded run has left anything there; npm start keeps its own in .millrace, or where its --data says`,
    { details: { folder: data } },
  );
}
