import { readNewestPosition } from "../application/newest-position.ts";
import type { ApplicationPlan } from "../application/plan.ts";
import { type DeployedApplication, prepareApplication } from "../application/prepare.ts";
import { readPartition } from "../application/read-partition.ts";
import { ByteSink } from "../core/byte-sink.ts";
import { StreamError } from "../core/errors.ts";
import { LogError, type PartitionBatch } from "../ports/log.ts";
import type { Tables } from "../query/tables.ts";
import type { Header, RecordReader } from "../records/reader.ts";
import { RecordWriter } from "../records/writer.ts";
import { partitionForKey } from "../serde/murmur2.ts";
import type { Serde } from "../serde/serde.ts";
import { surfacedCode } from "../task/outcome.ts";
import type { EmbeddedPlatform } from "./embedded-platform.ts";
import type { LocalRuntime } from "./local-runtime.ts";
import type { TestRecord } from "./test-output-topic.ts";
import { type TopicSerdes, topicSerdes } from "./topic-serdes.ts";

/** A record to write. */
export interface InputRecord<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  /** Event time; the clock's without it. */
  readonly timestampMs?: number;
  readonly headers?: readonly Header[];
}

const CHECK_MS = 20;
const PRODUCER_TIMEOUT_MS = 30_000;

/**
 * An application that `startEmbedded` has started.
 *
 * @example
 * const running = await startEmbedded({ app });
 * await running.write("words", [{ key: "a", value: "one" }]);
 * await running.caughtUp();
 * const { row } = await (await running.tables()).get<string, number>("counts").get("a");
 * row?.value; // 1
 * await running.stop();
 */
export class EmbeddedApplication implements AsyncDisposable {
  readonly runtime: LocalRuntime;
  readonly platform: EmbeddedPlatform;
  private readonly app: DeployedApplication;
  private written = 0;

  /** @internal Made by `startEmbedded`. */
  constructor(parts: { app: DeployedApplication; runtime: LocalRuntime; platform: EmbeddedPlatform }) {
    this.app = parts.app;
    this.runtime = parts.runtime;
    this.platform = parts.platform;
  }

  /**
   * Writes records in one transaction, with the serdes of the source that reads the topic, partitioned by key as Kafka does.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` when the application does not read the topic; `TIMESTAMP_INVALID` for a time more than an
   *   hour ahead, `RECORD_TOO_LARGE`: then nothing is written
   */
  async write<K, V>(topic: string, records: readonly InputRecord<K, V>[]): Promise<void> {
    const { log, clock } = this.platform;
    const serdes = topicSerdes<K, V>(this.app, "source", topic);
    const partitions = (await log.describe([topic])).get(topic)?.partitions ?? 1;
    const writers = new Map<number, RecordWriter>();
    for (const { key, value, timestampMs = clock.nowMs(), headers = [] } of records) {
      const keyBytes = bytesOf(serdes.key, key);
      const partition = keyBytes === null ? 0 : partitionForKey(keyBytes, partitions);
      const writer = writers.get(partition) ?? new RecordWriter();
      writers.set(partition, writer);
      writer.append(timestampMs, keyBytes, bytesOf(serdes.value, value), headers);
    }
    const transactor = await log.transactor({
      transactionalId: `${this.app.id}-embedded-input-${this.written++}`,
      transactionTimeoutMs: PRODUCER_TIMEOUT_MS,
      deadlineMs: PRODUCER_TIMEOUT_MS,
    });
    transactor.begin();
    try {
      await transactor.send(
        [...writers].map(([partition, each]): PartitionBatch => ({ topic, partition, records: each })),
      );
    } catch (error) {
      // An open transaction hides from readers what is written next.
      await transactor.abort();
      throw error instanceof LogError ? new StreamError(surfacedCode(error), error.message, { cause: error }) : error;
    }
    await transactor.commit();
  }

  /**
   * Every committed record of a topic, partition by partition, with the serdes of the sink that writes it.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` when the application does not write the topic
   */
  async read<K, V>(topic: string): Promise<readonly TestRecord<K, V>[]> {
    const { log } = this.platform;
    const serdes = topicSerdes<K, V>(this.app, "sink", topic);
    const partitions = (await log.describe([topic])).get(topic)?.partitions ?? 0;
    const found: TestRecord<K, V>[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      await readPartition(log, { topic, partition }, (record) => found.push(decoded(record, serdes)));
    }
    return found;
  }

  /** The application's tables. */
  tables(): Promise<Tables> {
    return this.runtime.tables();
  }

  /**
   * Resolves when every record that lay in an input or repartition topic is processed and committed.
   *
   * @throws {StreamError} `DEADLINE_EXCEEDED` when that takes longer, for example because a record cannot be processed
   */
  async caughtUp({ timeoutMs = 30_000 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    const { clock, log, leases } = this.platform;
    const plan = await prepareApplication(this.app, { log, leases }, "check");
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    for (;;) {
      const behind = await this.firstBehind(plan);
      if (behind === undefined) return;
      if (clock.monotonicMs() > deadlineMs) {
        throw new StreamError("DEADLINE_EXCEEDED", `${behind} has unprocessed records after ${timeoutMs} ms`);
      }
      await clock.sleep(CHECK_MS);
    }
  }

  /** Ends in order: workers commit and release their pins. */
  async stop(): Promise<void> {
    await this.runtime.stop();
  }

  /** As `stop`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** The first input partition with a record that no position has passed. */
  private async firstBehind({ pins, positionsTopic }: ApplicationPlan): Promise<string | undefined> {
    const { log } = this.platform;
    for (const { pin, tasks } of pins) {
      const position = await readNewestPosition(log, positionsTopic, pin);
      for (const { topic, partition, key } of tasks.flatMap(({ inputs }) => inputs)) {
        const from = position?.inputs[key];
        let waiting = 0;
        // Markers are no records: a position stands before a trailing one until it is committed for its own sake.
        await readPartition(log, { topic, partition, ...(from === undefined ? {} : { from }) }, () => waiting++);
        if (waiting > 0) return key;
      }
    }
    return undefined;
  }
}

function bytesOf<T>(serde: Serde<T>, value: T | null): Buffer | null {
  if (value === null || value === undefined) return null;
  const sink = new ByteSink();
  serde.write(value, sink);
  return sink.view();
}

function decoded<K, V>(record: RecordReader, serdes: TopicSerdes<K, V>): TestRecord<K, V> {
  const { bytes, keyStart, keyLength, valueStart, valueLength, timestampMs } = record;
  const key = keyLength < 0 ? null : serdes.key.read(bytes, keyStart, keyStart + keyLength);
  const value = valueLength < 0 ? null : serdes.value.read(bytes, valueStart, valueStart + valueLength);
  return { key, value, timestampMs, headers: record.headers() };
}
