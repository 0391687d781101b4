import { type ErrorDetails, StreamError } from "../../../core/errors.ts";
import { type PartitionKey, parsePartitionKey, partitionKey, type TopicPartition } from "../../../core/ids.ts";
import type { KafkaErrorName } from "../../../core/kafka-errors.ts";
import {
  type FetchedPartition,
  type FetchRequest,
  type Log,
  LogError,
  type OffsetAt,
  type TopicDescription,
  type TopicSpec,
  type Transactor,
  type TransactorOptions,
} from "../../../ports/log.ts";
import { committedReader } from "../../../records/committed.ts";
import { surfacedCode } from "../../../task/outcome.ts";
import type { MemoryBroker } from "./broker.ts";
import { Calls } from "./calls.ts";
import type { ReadPartition } from "./storage.ts";
import { MemoryTransactor } from "./transactor.ts";
import type { MemoryTransport } from "./transport.ts";

const NO_BYTES = Buffer.alloc(0);

/** What a client is made of. */
export interface MemoryLogOptions {
  readonly broker: MemoryBroker;
  readonly clientId: string;
  readonly transport: MemoryTransport;
  readonly deadlineMs: number;
}

/** One client of a memory broker. */
export class MemoryLog implements Log {
  private readonly broker: MemoryBroker;
  private readonly calls: Calls;
  private readonly deadlineMs: number;

  constructor(options: MemoryLogOptions) {
    this.broker = options.broker;
    this.deadlineMs = options.deadlineMs;
    const { clock, random } = options.broker;
    this.calls = new Calls({ clock, random, transport: options.transport, clientId: options.clientId });
  }

  async describe(topics: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>> {
    const { found } = await this.calls.retried({ api: "Metadata" }, this.deadlineMs, () => ({
      error: "NONE" as const,
      found: this.broker.metadata(topics),
    }));
    return new Map([...found].map(([name, { topicId, partitions }]) => [name, { name, topicId, partitions }] as const));
  }

  async topicNames(): Promise<readonly string[]> {
    const deliver = () => ({ error: "NONE" as const, names: this.broker.topicNames() });
    const { names } = await this.calls.retried({ api: "Metadata" }, this.deadlineMs, deliver);
    return names;
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, "created" | "exists">> {
    const outcomes = new Map<string, "created" | "exists">();
    for (const spec of specs) {
      const deliver = () => ({ error: this.broker.createTopic(spec) });
      const { error } = await this.calls.retried({ api: "CreateTopics" }, this.deadlineMs, deliver);
      if (error !== "NONE" && error !== "TOPIC_ALREADY_EXISTS") {
        throw refused(error, `topic ${spec.name} cannot be created`, { topic: spec.name });
      }
      outcomes.set(spec.name, error === "NONE" ? "created" : "exists");
    }
    return outcomes;
  }

  async offsets(partitions: readonly TopicPartition[], at: OffsetAt): Promise<ReadonlyMap<PartitionKey, number>> {
    const deliver = () => ({
      error: "NONE" as const,
      found: partitions.map((partition) => this.broker.offset(partition, at)),
    });
    const { found } = await this.calls.retried({ api: "ListOffsets" }, this.deadlineMs, deliver);
    const offsets = new Map<PartitionKey, number>();
    for (const [index, { topic, partition }] of partitions.entries()) {
      const offset = found[index];
      if (offset === undefined) {
        const details = { topic, partition };
        throw new StreamError("TOPIC_MISSING", `there is no partition ${partition} of topic ${topic}`, { details });
      }
      offsets.set(partitionKey(topic, partition), offset);
    }
    return offsets;
  }

  async fetch(asked: FetchRequest): Promise<ReadonlyMap<PartitionKey, FetchedPartition>> {
    const { clock, closed } = this.calls;
    const request = { ...asked, positions: new Map(asked.positions) };
    const endMs = clock.monotonicMs() + request.maxWaitMs;
    for (;;) {
      const answers = await this.fetchOnce(request);
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0 || [...answers.values()].some((a) => a.error !== "NONE" || a.bytes !== undefined)) {
        return new Map([...answers].map(([key, answer]) => [key, this.open(key, request, answer)]));
      }
      await this.broker.waitForData(request.positions, leftMs, closed);
    }
  }

  async committed(
    group: string,
    partitions: readonly TopicPartition[],
  ): Promise<ReadonlyMap<PartitionKey, number | undefined>> {
    const keys = partitions.map(({ topic, partition }) => partitionKey(topic, partition));
    const deliver = () => this.broker.committed(group, keys);
    const { offsets } = await this.calls.retried({ api: "OffsetFetch" }, this.deadlineMs, deliver);
    return new Map(keys.map((key) => [key, offsets.get(key)] as const));
  }

  async commitOffsets(group: string, offsets: ReadonlyMap<PartitionKey, number>): Promise<void> {
    const kept = new Map(offsets);
    const deliver = () => this.broker.commitOffsets(group, kept);
    const { error } = await this.calls.retried({ api: "OffsetCommit" }, this.deadlineMs, deliver);
    if (error !== "NONE") throw refused(error, `offsets of group ${group} were refused`, { group });
  }

  async transactor(options: TransactorOptions): Promise<Transactor> {
    const { transactionalId, transactionTimeoutMs, deadlineMs } = options;
    const head = { api: "InitProducerId", transactionalId } as const;
    const deliver = () => this.broker.initProducerId(transactionalId, transactionTimeoutMs);
    const { error, ...producer } = await this.calls.retried(head, deadlineMs, deliver);
    if (error !== "NONE") {
      throw new LogError(error, `transactional id ${transactionalId} was refused`, { details: { transactionalId } });
    }
    return new MemoryTransactor({ broker: this.broker, calls: this.calls, transactionalId, deadlineMs, producer });
  }

  async deleteRecords(before: ReadonlyMap<PartitionKey, number>): Promise<void> {
    const failed: { key: PartitionKey; error: KafkaErrorName }[] = [];
    for (const [key, offset] of before) {
      const deliver = () => ({ error: this.broker.deleteRecords(key, offset) });
      const { error } = await this.calls.retried({ api: "DeleteRecords" }, this.deadlineMs, deliver);
      if (error !== "NONE") failed.push({ key, error });
    }
    const first = failed[0];
    if (first === undefined) return;
    const details = { partitions: failed.map(({ key }) => key) };
    throw refused(first.error, `records of ${first.key} cannot be deleted`, details);
  }

  async close(): Promise<void> {
    this.calls.close();
  }

  private async fetchOnce(request: FetchRequest): Promise<ReadonlyMap<PartitionKey, ReadPartition>> {
    const deliver = () => ({ error: "NONE" as const, answers: this.broker.fetch(request) });
    const { answers } = await this.calls.retried({ api: "Fetch" }, this.deadlineMs, deliver);
    return answers;
  }

  private open(key: PartitionKey, request: FetchRequest, answer: ReadPartition): FetchedPartition {
    const { topic, partition } = parsePartitionKey(key);
    const from = request.positions.get(key) ?? 0;
    if (answer.error !== "NONE") {
      const error = new LogError(answer.error, `fetch of ${key} at ${from}`, {
        details: { topic, partition, offset: from },
      });
      return { kind: "error", error };
    }
    const { aborted, end: highWatermark, lastStable, start: logStart } = answer;
    const { reader, next } = committedReader(answer.bytes ?? NO_BYTES, { topic, partition, from, aborted });
    return { kind: "records", records: reader, next, highWatermark, lastStable, logStart };
  }
}

/** What a broker refused outside of transactions, as an error whose code says what to do. */
function refused(kafkaError: KafkaErrorName, text: string, details: ErrorDetails): StreamError {
  const cause = new LogError(kafkaError, text, { details });
  return new StreamError(surfacedCode(cause), cause.message, { details: { ...details, kafkaError }, cause });
}
