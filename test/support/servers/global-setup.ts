import type { TestProject } from "vitest/node";
import { type ServersOrReason, startShared } from "./shared.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The servers of this run, or why there are none. */
    readonly servers: ServersOrReason;
  }
}

/**
 * Starts the shared servers once per run and tells every suite where they are. Without Java or Maven the suites skip
 * with the reason; with `CI` set the run fails, so that nobody takes a skipped suite for a passed one.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { stop, ...servers } = await startShared();
  if (servers.kind === "missing") {
    if (process.env["CI"]) throw new Error(servers.reason);
    process.stderr.write(`\nintegration tests are skipped: ${servers.reason}\n\n`);
  }
  project.provide("servers", servers);
  return stop;
}
