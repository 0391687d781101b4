import type { DeployedApplication } from "../application/prepare.ts";
import type { SettingsInput } from "../config/settings.ts";
import type { Logger } from "../ports/logger.ts";
import { deadLetterTopics, failAlways } from "../topology/exception-handler.ts";
import { topicsOf } from "../topology/routing.ts";
import { EmbeddedApplication } from "./embedded-application.ts";
import { embeddedPlatform } from "./embedded-platform.ts";
import { LocalRuntime } from "./local-runtime.ts";

/** What to run embedded. */
export interface StartEmbeddedOptions {
  readonly app: DeployedApplication;
  /** Partitions per topic; topics of the application that are not named get one. */
  readonly topics?: Readonly<Record<string, number>>;
  /** On top of settings that scale and notice a death within a second or two. */
  readonly settings?: SettingsInput;
  /** Keeps log, leases and snapshots over restarts; without it everything is in memory. */
  readonly folder?: string;
  readonly logger?: Logger;
}

/** A test does not want to wait as long as a production saves money. */
const quickSettings = {
  lease: { deadAfterMs: 1_000 },
  commit: { intervalMs: 20, positionOnlyMs: 200 },
  scaling: { scaleInWindowMs: 2_000, idleToZeroMs: 1_000 },
} as const satisfies SettingsInput;

/**
 * Runs an application in this process: log, leases, object store, coordinator and workers, with the protocols of
 * production. For tests that a `TopologyTestDriver` is too small for: several partitions, restarts, kills, queries.
 *
 * @throws {StreamError} what a deploy refuses: `NOT_COPARTITIONED`, `TOPOLOGY_INCOMPATIBLE`, `PARTITIONS_CHANGED`, …
 * @example
 * const running = await startEmbedded({ app, topics: { words: 2, counts: 2 } });
 * await running.write("words", [{ key: "a", value: "one" }, { key: "a", value: "two" }]);
 * await running.caughtUp();
 * (await running.read<string, number>("counts")).map(({ value }) => value); // [1, 2]
 * await running.stop();
 */
export async function startEmbedded(options: StartEmbeddedOptions): Promise<EmbeddedApplication> {
  const { app, topics = {} } = options;
  const settings = merged(quickSettings, options.settings ?? {});
  const platform = embeddedPlatform({
    app,
    settings,
    ...(options.folder === undefined ? {} : { folder: options.folder }),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
  });
  const names = new Set([...externalTopics(app), ...Object.keys(topics)]);
  const runtime = new LocalRuntime({ app, settings, platform });
  try {
    await platform.log.createTopics(
      [...names].map((name) => ({ name, partitions: topics[name] ?? 1, replicas: -1, configs: {} })),
    );
    await runtime.start();
  } catch (error) {
    await runtime.stop();
    throw error;
  }
  return new EmbeddedApplication({ app, runtime, platform });
}

function externalTopics({ topology, exceptionHandlers = failAlways }: DeployedApplication): readonly string[] {
  const topics = topology.nodes.flatMap(topicsOf);
  const given = topics.filter(({ internal }) => !internal).map(({ name }) => name);
  return [...given, ...deadLetterTopics(exceptionHandlers)];
}

function merged(base: SettingsInput, given: SettingsInput): SettingsInput {
  const groups = new Set([...Object.keys(base), ...Object.keys(given)]) as Set<keyof SettingsInput>;
  return Object.fromEntries([...groups].map((group) => [group, { ...base[group], ...given[group] }]));
}
