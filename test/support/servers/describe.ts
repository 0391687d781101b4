import { describe, inject } from "vitest";
// the type of inject("servers")
import type {} from "./global-setup.ts";
import type { SharedServers } from "./shared.ts";

/**
 * A `describe` over the shared servers; skipped, with the reason in its title, when they could not be started.
 *
 * @example
 * describeWithServers("the lease table on DynamoDB", ({ dynamodb }) => {
 *   test("claims a free pin", async () => { … dynamodb.endpoint … });
 * });
 */
export function describeWithServers(title: string, suite: (servers: SharedServers) => void): void {
  const servers = inject("servers");
  if (servers.kind === "up") describe(title, () => suite(servers.servers));
  else describe.skip(`${title} (${servers.reason})`, () => suite(unreachable));
}

/** Addresses for suites that are collected only to be shown as skipped. */
const unreachable: SharedServers = {
  kafka: { bootstrap: "127.0.0.1:1" },
  s3: { endpoint: "http://127.0.0.1:1", region: "", accessKeyId: "", secretAccessKey: "" },
  dynamodb: { endpoint: "http://127.0.0.1:1", region: "", accessKeyId: "", secretAccessKey: "" },
};
