import { StreamError } from "../core/errors.ts";
import type { TokenProvider } from "../ports/credentials.ts";
import {
  deadLetterTopics,
  type ExceptionHandler,
  type ExceptionHandlers,
  failAlways,
} from "../topology/exception-handler.ts";
import type { Topology } from "../topology/node.ts";
import type { OffsetReset } from "../topology/offset-reset.ts";
import { checkedOffsetReset } from "../topology/offset-reset.ts";
import { checkName } from "../topology/validate.ts";
import { StreamsBuilder } from "./builder.ts";
import type { BuildOptions } from "./optimization.ts";

/** Settings of an application that belong to its code. */
export interface AppSettings extends BuildOptions {
  /**
   * Names the application for ever: consumer group, transactional ids, changelog topics, leases and snapshots carry it.
   * A lower-case letter, then 1 to 48 lower-case letters, digits or hyphens.
   */
  readonly id: string;
  /**
   * How many pins the application has for ever: units of work that one worker takes whole, with a lease, a transaction and a
   * snapshot each. Without it the largest partition count. Fewer save transactions where there are many quiet partitions: pin
   * `partition mod pins` has all of them; at most 16 tasks (sub-topology and partition) may share one.
   */
  readonly pins?: number;
  /** What is done about a record whose key or value cannot be read; `logAndFail()` without it. */
  readonly deserializationExceptionHandler?: ExceptionHandler;
  /** What is done about a record on which a function of yours throws; `logAndFail()` without it. */
  readonly processingExceptionHandler?: ExceptionHandler;
  /** What is done about a record that cannot be written to an output topic; `logAndFail()` without it. */
  readonly productionExceptionHandler?: ExceptionHandler;
  /**
   * Bytes that each table of a task may hold back until the next commit, so that of all changes of a row only the last one
   * goes on. 0 without it, unlike Kafka Streams' 10 MiB: what is emitted then depends on the records only, not on commits.
   */
  readonly statestoreCacheMaxBytes?: number;
  /** Gives tokens for Kafka where `kafka.saslMechanism` is `oauthbearer`; asked again before a token expires. */
  readonly kafkaToken?: TokenProvider;
}

/** An application: what is deployed, tested and queried. Frozen. */
export interface App {
  readonly id: string;
  /** Number of pins of a new application; undefined for as many as the largest partition count. */
  readonly pins: number | undefined;
  readonly topology: Topology;
  readonly exceptionHandlers: ExceptionHandlers;
  readonly statestoreCacheMaxBytes: number;
  readonly kafkaToken: TokenProvider | undefined;
  readonly autoOffsetReset: OffsetReset;
}

const legalId = /^[a-z][a-z0-9-]{1,48}$/;

/**
 * Defines an application: runs `define` once and freezes the topology.
 *
 * @throws {StreamError} `CONFIG_INVALID` for an illegal id or number of pins, `TOPOLOGY_INVALID` for a topology that cannot run, or that reads
 *   its own dead letters
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
  const { id, pins } = settings;
  if (!legalId.test(id)) {
    throw new StreamError(
      "CONFIG_INVALID",
      `application id ${JSON.stringify(id)} must be a lower-case letter and then 1 to 48 lower-case letters, digits or hyphens`,
      { details: { id } },
    );
  }
  if (pins !== undefined && !(Number.isSafeInteger(pins) && pins > 0)) {
    throw new StreamError("CONFIG_INVALID", `pins must be a whole number above 0, not ${String(pins)}`, {
      details: { id, pins },
    });
  }
  const { statestoreCacheMaxBytes = 0, kafkaToken } = settings;
  if (!Number.isSafeInteger(statestoreCacheMaxBytes) || statestoreCacheMaxBytes < 0) {
    const what = `statestoreCacheMaxBytes is ${statestoreCacheMaxBytes}: write whole bytes, 0 for no cache`;
    throw new StreamError("CONFIG_INVALID", what, { details: { statestoreCacheMaxBytes } });
  }
  const builder = new StreamsBuilder();
  define(builder);
  const topology = builder.build(settings);
  const exceptionHandlers: ExceptionHandlers = Object.freeze({
    deserialization: settings.deserializationExceptionHandler ?? failAlways.deserialization,
    processing: settings.processingExceptionHandler ?? failAlways.processing,
    production: settings.productionExceptionHandler ?? failAlways.production,
  });
  checkDeadLetters(topology, exceptionHandlers);
  const autoOffsetReset = checkedOffsetReset(settings.autoOffsetReset ?? "earliest", "autoOffsetReset");
  const facts = { id, pins, topology, exceptionHandlers, statestoreCacheMaxBytes, kafkaToken, autoOffsetReset };
  return Object.freeze<App>(facts);
}

/**
 * Checks that no dead letter is read again by the application: it would fail for ever.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID`
 */
export function checkDeadLetters({ nodes }: Topology, handlers: ExceptionHandlers): void {
  for (const topic of deadLetterTopics(handlers)) {
    checkName(topic, "topic");
    const reader = nodes.find((node) => node.kind === "source" && node.topics.some(({ name }) => name === topic));
    if (reader === undefined) continue;
    throw new StreamError(
      "TOPOLOGY_INVALID",
      `dead letters go to topic ${topic}, which ${reader.name} of the same application reads: records would go round for ever; name another topic`,
      { details: { topic, node: reader.name } },
    );
  }
}
