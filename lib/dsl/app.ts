import { StreamError } from "../core/errors.ts";
import type { Topology } from "../topology/node.ts";
import { StreamsBuilder } from "./builder.ts";

/** Settings of an application that belong to its code. */
export interface AppSettings {
  /**
   * Names the application for ever: consumer group, transactional ids, changelog topics, leases and snapshots carry it.
   * A lower-case letter, then 1 to 48 lower-case letters, digits or hyphens.
   */
  readonly id: string;
}

/** An application: what is deployed, tested and queried. Frozen. */
export interface App {
  readonly id: string;
  readonly topology: Topology;
}

const legalId = /^[a-z][a-z0-9-]{1,48}$/;

/**
 * Defines an application: runs `define` once and freezes the topology.
 *
 * @throws {StreamError} `CONFIG_INVALID` for an illegal id, `TOPOLOGY_INVALID` for a topology that cannot run
 * @example
 * export default defineApp({ id: "word-count" }, (builder) => {
 *   builder.stream("words", { key: string(), value: string() })
 *     .groupBy((key, word) => word, { key: string() })
 *     .count({ store: "counts" })
 *     .toStream()
 *     .to("counts");
 * });
 */
export function defineApp(settings: AppSettings, define: (builder: StreamsBuilder) => void): App {
  const { id } = settings;
  if (!legalId.test(id)) {
    throw new StreamError(
      "CONFIG_INVALID",
      `application id ${JSON.stringify(id)} must be a lower-case letter and then 1 to 48 lower-case letters, digits or hyphens`,
      { details: { id } },
    );
  }
  const builder = new StreamsBuilder();
  define(builder);
  return Object.freeze<App>({ id, topology: builder.build() });
}
