import type { PartitionKey, TopicPartition } from "../../../core/ids.ts";
import type { KafkaErrorName } from "../../../core/kafka-errors.ts";
import type { Clock, Random } from "../../../ports/clock.ts";
import type { FetchRequest, Log, OffsetAt, TopicDescription, TopicSpec } from "../../../ports/log.ts";
import { BrokerCore } from "./broker-core.ts";
import { MemoryLog } from "./client.ts";
import { compact } from "./compaction.ts";
import { type ProducerAnswer, TransactionCoordinator } from "./coordinator.ts";
import type { LogJournal } from "./events.ts";
import { GroupOffsets, type OffsetsAnswer } from "./group-offsets.ts";
import { defaultBrokerSettings, type MemoryBrokerSettings } from "./settings.ts";
import { type ProducedPartition, type ReadPartition, Storage } from "./storage.ts";
import type { TransactionState, TransactionTarget } from "./transaction-record.ts";
import type { ProducerIdentity } from "./transaction-rules.ts";
import { directTransport, type MemoryTransport } from "./transport.ts";

/** What a memory broker needs. */
export interface MemoryBrokerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Keeps everything over restarts; `openLogJournal` in `adapters/file` writes one in a folder. */
  readonly journal?: LogJournal;
  readonly settings?: Partial<MemoryBrokerSettings>;
}

/** How one client reaches the broker. */
export interface ConnectOptions {
  /** Names the client in faults and errors. */
  readonly clientId?: string;
  /** The network in between; direct by default. */
  readonly transport?: MemoryTransport;
  /** Bound of every call that is not a transactor's. */
  readonly deadlineMs?: number;
}

/**
 * A Kafka broker inside the process, shared by any number of `Log` clients.
 *
 * It models what the protocols of Millrace stand on: real record batches, offsets taken by markers, last stable offsets,
 * aborted transactions in completion order, producer epochs and sequences, the states of transactional ids, group offsets
 * that a transaction holds back and that expire. Every request is one synchronous step; time comes from the clock port and
 * nothing happens by itself between requests.
 *
 * @example
 * const broker = createMemoryBroker({ clock, random });
 * const log = broker.connect({ clientId: "worker-1" });
 * await log.createTopics([{ name: "trades", partitions: 6, replicas: -1, configs: {} }]);
 */
export class MemoryBroker {
  readonly clock: Clock;
  readonly random: Random;
  private readonly core: BrokerCore;
  private readonly storage: Storage;
  private readonly coordinator: TransactionCoordinator;
  private readonly groups: GroupOffsets;
  private clientCount = 0;

  constructor(options: MemoryBrokerOptions) {
    this.clock = options.clock;
    this.random = options.random;
    const settings = { ...defaultBrokerSettings, ...options.settings };
    this.core = new BrokerCore({ clock: options.clock, settings, journal: options.journal });
    this.coordinator = new TransactionCoordinator(this.core);
    this.storage = new Storage(this.core, this.coordinator, options.random);
    this.groups = new GroupOffsets(this.core, this.coordinator);
    this.request(() => this.coordinator.resume());
  }

  /** A client with a connection of its own: cutting it leaves the others alone. */
  connect(options: ConnectOptions = {}): Log {
    this.clientCount++;
    const { clientId = `client-${this.clientCount}`, transport = directTransport, deadlineMs = 30_000 } = options;
    return new MemoryLog({ broker: this, clientId, transport, deadlineMs });
  }

  /** Protocol version that clients speak with it. */
  get transactionVersion(): 1 | 2 {
    return this.core.settings.transactionVersion;
  }

  /** Ends the broker; what its journal holds is complete at any time, so this is only polite. */
  close(): void {
    this.core.close();
  }

  // --- for tests and tools

  /** Deletes a topic; creating it again gives it another id. @returns false when there was none */
  deleteTopic(topic: string): boolean {
    return this.request(() => this.storage.delete(topic)) === "NONE";
  }

  /** Compacts a topic now, as the log cleaner does some time. */
  compact(topic: string): void {
    this.request(() => {
      for (const log of this.core.state.topics.get(topic)?.partitions ?? []) {
        const deleteRetentionMs = this.storage.limits(topic)?.deleteRetentionMs ?? 0;
        const { bytes, aborted } = compact(log, { nowMs: this.clock.nowMs(), deleteRetentionMs });
        this.core.emit({ kind: "compacted", topic, partition: log.partition, bytes, aborted });
      }
    });
  }

  /** State of a transactional id, or undefined when the broker does not know it. */
  transactionState(transactionalId: string): TransactionState | undefined {
    return this.request(() => this.core.state.transactions.get(transactionalId)?.state);
  }

  // --- requests, as clients make them

  topicNames(): readonly string[] {
    return this.request(() => [...this.core.state.topics.keys()]);
  }

  metadata(topics: readonly string[]): ReadonlyMap<string, TopicDescription & { readonly maxMessageBytes: number }> {
    return this.request(() => {
      const found = new Map<string, TopicDescription & { readonly maxMessageBytes: number }>();
      for (const name of topics) {
        const state = this.core.state.topics.get(name);
        const limits = this.storage.limits(name);
        if (state === undefined || limits === undefined) continue;
        const { maxMessageBytes } = limits;
        found.set(name, { name, topicId: state.topicId, partitions: state.partitions.length, maxMessageBytes });
      }
      return found;
    });
  }

  createTopic(spec: TopicSpec): KafkaErrorName {
    return this.request(() => this.storage.create(spec));
  }

  offset(at: TopicPartition, where: OffsetAt): number | undefined {
    return this.request(() => this.storage.offset(at, where));
  }

  fetch(request: FetchRequest): Map<PartitionKey, ReadPartition> {
    return this.request(() => this.storage.read(request));
  }

  deleteRecords(key: PartitionKey, offset: number): KafkaErrorName {
    return this.request(() => this.storage.deleteBefore(key, offset));
  }

  committed(group: string, partitions: readonly PartitionKey[]): OffsetsAnswer {
    return this.request(() => {
      this.groups.expire();
      return this.groups.fetch(group, partitions);
    });
  }

  commitOffsets(group: string, offsets: ReadonlyMap<PartitionKey, number>): { readonly error: KafkaErrorName } {
    return this.request(() => this.groups.commit(group, offsets));
  }

  initProducerId(transactionalId: string, timeoutMs: number): ProducerAnswer {
    return this.request(() => this.coordinator.initProducerId(transactionalId, timeoutMs));
  }

  /** AddPartitionsToTxn and AddOffsetsToTxn. */
  addToTransaction(
    transactionalId: string,
    producer: ProducerIdentity,
    targets: readonly TransactionTarget[],
  ): { readonly error: KafkaErrorName } {
    return this.request(() => {
      const isUnknown = (target: TransactionTarget) =>
        !target.startsWith("group:") && this.core.state.partitionOf(target as PartitionKey) === undefined;
      if (targets.some(isUnknown)) return { error: "UNKNOWN_TOPIC_OR_PARTITION" };
      return this.coordinator.add(transactionalId, producer, targets);
    });
  }

  /** One Produce request: at most one batch per partition; the broker keeps and stamps the bytes. */
  produce(
    transactionalId: string,
    batches: readonly (TopicPartition & { readonly bytes: Buffer })[],
  ): ProducedPartition[] {
    return this.request(() => batches.map((batch) => this.storage.produce(batch, batch.bytes, transactionalId)));
  }

  commitOffsetsInTransaction(
    group: string,
    producer: ProducerIdentity & { readonly transactionalId: string },
    offsets: ReadonlyMap<PartitionKey, number>,
  ): { readonly error: KafkaErrorName } {
    return this.request(() => this.groups.commitInTransaction(group, producer, offsets));
  }

  endTransaction(transactionalId: string, producer: ProducerIdentity, commit: boolean): ProducerAnswer {
    return this.request(() => this.coordinator.end(transactionalId, producer, commit));
  }

  /** Resolves when a partition can be read beyond its position, something falls due, or the time is over. */
  async waitForData(
    positions: ReadonlyMap<PartitionKey, number>,
    maxWaitMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const logs = [...positions].map(([key, from]) => ({ log: this.core.state.partitionOf(key), from }));
    if (signal.aborted || logs.some(({ log, from }) => log !== undefined && log.lastStable > from)) return;
    const waiting = new AbortController();
    const stop = () => waiting.abort();
    signal.addEventListener("abort", stop, { once: true });
    const handles = logs.map(({ log }) => log?.onReadable(stop));
    const dueInMs = this.coordinator.nextDueMs() - this.clock.nowMs();
    await this.clock.sleep(Math.max(0, Math.min(maxWaitMs, dueInMs)), waiting.signal);
    for (const handle of handles) handle?.cancel();
    signal.removeEventListener("abort", stop);
  }

  private request<T>(handle: () => T): T {
    return this.core.request(() => {
      this.coordinator.tick();
      return handle();
    });
  }
}

/** Starts a broker, with everything in it that its journal holds. */
export function createMemoryBroker(options: MemoryBrokerOptions): MemoryBroker {
  return new MemoryBroker(options);
}
