import { StreamError } from "../../core/errors.ts";
import type { PartitionKey, TopicPartition } from "../../core/ids.ts";
import type {
  FetchedPartition,
  FetchRequest,
  Log,
  OffsetAt,
  TopicDescription,
  TopicSpec,
  Transactor,
  TransactorOptions,
} from "../../ports/log.ts";
import { canInflate } from "../../records/inflate.ts";
import { Cluster } from "./cluster/cluster.ts";
import { Fetcher } from "./fetcher.ts";
import { commitOffsets, committedOffsets } from "./groups.ts";
import { listOffsets } from "./offsets.ts";
import { type KafkaLogOptions, withDefaults } from "./options.ts";
import { KafkaTopics } from "./topics.ts";
import { MessageLimits } from "./transaction/message-limits.ts";
import { openTransactor } from "./transaction/transactor.ts";
import { LostRequest } from "./transport/lost-request.ts";

/** The log on a Kafka cluster. */
class KafkaLog implements Log {
  private readonly cluster: Cluster;
  private readonly topics: KafkaTopics;
  private readonly fetcher: Fetcher;
  private readonly limits: MessageLimits;
  private transactorCount = 0;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.topics = new KafkaTopics(cluster);
    this.fetcher = new Fetcher(cluster);
    this.limits = new MessageLimits(cluster);
  }

  async describe(topics: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>> {
    const described = await this.topics.describe(topics);
    this.limits.learn(described.keys());
    return described;
  }

  topicNames(): Promise<readonly string[]> {
    return this.topics.names();
  }

  createTopics(specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, "created" | "exists">> {
    return this.topics.create(specs);
  }

  offsets(partitions: readonly TopicPartition[], at: OffsetAt): Promise<ReadonlyMap<PartitionKey, number>> {
    return listOffsets(this.cluster, partitions, at);
  }

  fetch(request: FetchRequest): Promise<ReadonlyMap<PartitionKey, FetchedPartition>> {
    return this.fetcher.fetch(request);
  }

  committed(
    group: string,
    partitions: readonly TopicPartition[],
  ): Promise<ReadonlyMap<PartitionKey, number | undefined>> {
    return committedOffsets(this.cluster, group, partitions);
  }

  commitOffsets(group: string, offsets: ReadonlyMap<PartitionKey, number>): Promise<void> {
    return commitOffsets(this.cluster, group, offsets);
  }

  transactor(options: TransactorOptions): Promise<Transactor> {
    const { cluster, limits } = this;
    return openTransactor({ cluster, limits, slot: this.transactorCount++ }, options);
  }

  deleteRecords(before: ReadonlyMap<PartitionKey, number>): Promise<void> {
    return this.topics.deleteRecords(before);
  }

  async close(): Promise<void> {
    this.cluster.links.close();
  }
}

/**
 * Connects to a Kafka cluster: one metadata request, which also proves addresses and credentials.
 *
 * @throws {StreamError} `BROKER_UNREACHABLE` naming the addresses, `AUTHENTICATION_FAILED`, `UNSUPPORTED_BROKER`,
 *   `CONFIG_INVALID`
 * @example compiled only
 * const log = await createKafkaLog({ brokers: ["localhost:9092"] });
 * const transactor = await log.transactor({ transactionalId: "app-0", transactionTimeoutMs: 10_000, deadlineMs: 15_000 });
 */
export async function createKafkaLog(options: KafkaLogOptions): Promise<Log> {
  const settings = withDefaults(options);
  if (!canInflate(settings.compression)) {
    throw new StreamError("CONFIG_INVALID", "compression is zstd: needs Node 22.15 or newer; choose another one");
  }
  const cluster = new Cluster(settings);
  try {
    await cluster.topics.look([], cluster.callDeadline());
    return new KafkaLog(cluster);
  } catch (error) {
    cluster.links.close();
    if (!(error instanceof LostRequest)) throw error;
    const brokers = [...options.brokers];
    throw new StreamError("BROKER_UNREACHABLE", `no broker answers at ${brokers.join(", ")} (${error.message})`, {
      details: { brokers },
      cause: error,
    });
  }
}
