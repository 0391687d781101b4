/**
 * Brings dead letters back to where they came from.
 *
 * Owns: which dead letters are the application's, and the transaction that writes them back together with the offsets up to
 * which the topic was read. So each goes back once, however often the program is run or dies.
 * Does not own: writing dead letters (`task/record-failures.ts`).
 *
 * Order: dead letters of one key are in one partition in the order in which they failed, and go back in that order.
 */
import type { DeployedApplication } from "../application/prepare.ts";
import { readPartition } from "../application/read-partition.ts";
import { StreamError } from "../core/errors.ts";
import { type PartitionKey, partitionKey, type TopicPartition } from "../core/ids.ts";
import { type Log, LogError, type PartitionBatch, type TopicDescription, type Transactor } from "../ports/log.ts";
import type { RecordReader } from "../records/reader.ts";
import { Collector } from "../task/collector.ts";
import { type DeadLetterOrigin, originOf, ownHeaders } from "../task/dead-letter.ts";
import { surfacedCode } from "../task/outcome.ts";
import { deadLetterTopics, failAlways } from "../topology/exception-handler.ts";
import type { Topology } from "../topology/node.ts";
import { subTopologies } from "../topology/sub-topologies.ts";
import { patternsOf, topicsByPattern, withTopics } from "../topology/topic-patterns.ts";

/** Offsets of one transaction: its size stays bounded by what a topic's records are. */
const SLICE_OFFSETS = 500;
const TRANSACTION_TIMEOUT_MS = 60_000;

/** What to bring back. */
export interface RedriveOptions {
  /** The topic of dead letters. */
  readonly topic: string;
  /** At most so many; all that are there now without it. */
  readonly limit?: number | undefined;
  /** Count only. */
  readonly dryRun?: boolean;
}

/** What was done. */
export interface RedriveReport {
  /** Records that went back, by the topic they went to. */
  readonly redriven: Readonly<Record<string, number>>;
  /** Records that were passed over: of another application, or of a partition that the application does not read. */
  readonly foreign: number;
}

/** Where a slice ended, and what was in it. */
interface Slice {
  readonly partition: TopicPartition;
  readonly next: number;
}

/**
 * Writes the dead letters of an application back to the partitions they came from: same key, value, timestamp and headers,
 * without the headers that told of the failure. Those that fail again become new dead letters and are not taken this time.
 *
 * @returns what went back; of what is committed, when it throws half-way, the next call knows
 * @throws {StreamError} `REQUEST_REJECTED` for a topic that no handler of the application writes to, `TOPIC_MISSING`, and what
 *   the log runs into: then call it again
 * @example compiled only: it needs a broker
 * await using ports = await connect(app, connectionsFromEnvironment({ MILLRACE_KAFKA_BROKERS: "broker.example:9092" }));
 * const { redriven } = await redrive(app, ports.log, { topic: "orders-dead" });
 */
export async function redrive(app: DeployedApplication, log: Log, options: RedriveOptions): Promise<RedriveReport> {
  const { topic } = options;
  const own = deadLetterTopics(app.exceptionHandlers ?? failAlways);
  if (!own.includes(topic)) {
    const known = own.length === 0 ? "it has none" : `those are ${own.join(", ")}`;
    const what = `topic ${topic} is not one that application ${app.id} writes dead letters to: ${known}`;
    throw new StreamError("REQUEST_REJECTED", what, { details: { topic } });
  }
  return new Redrive(app, log, options).run();
}

class Redrive {
  private readonly app: DeployedApplication;
  private readonly log: Log;
  private readonly topic: string;
  private readonly dryRun: boolean;
  private readonly group: string;
  private readonly collector = new Collector(new Map());
  private readonly redriven: Record<string, number> = {};
  private foreign = 0;
  private left: number;

  constructor(app: DeployedApplication, log: Log, { topic, limit, dryRun = false }: RedriveOptions) {
    this.app = app;
    this.log = log;
    this.topic = topic;
    this.dryRun = dryRun;
    this.left = limit ?? Number.POSITIVE_INFINITY;
    this.group = `${app.id}-redrive`;
  }

  async run(): Promise<RedriveReport> {
    const inputs = subTopologies(await this.topology(), this.app.id).flatMap(({ sourceTopics }) => sourceTopics);
    const topics = await this.log.describe([this.topic, ...inputs]);
    const partitions = this.partitionsOf(topics);
    // Fences a run that is still under way, before the offsets are read that it may move.
    const transactor = this.dryRun ? undefined : await this.transactor();
    const committed = await this.log.committed(this.group, partitions);
    const earliest = await this.log.offsets(partitions, "earliest");
    const ends = await this.log.offsets(partitions, "lso");
    for (const partition of partitions) {
      const key = partitionKey(partition.topic, partition.partition);
      const end = ends.get(key) ?? 0;
      let next = Math.max(committed.get(key) ?? 0, earliest.get(key) ?? 0);
      while (next < end && this.left > 0) {
        const to = Math.min(end, next + SLICE_OFFSETS);
        next = await this.read({ partition, next }, to, topics);
        await this.commit(transactor, { partition, next });
      }
    }
    return { redriven: this.redriven, foreign: this.foreign };
  }

  private async topology(): Promise<Topology> {
    const { topology } = this.app;
    if (patternsOf(topology).size === 0) return topology;
    return withTopics(topology, topicsByPattern(topology, await this.log.topicNames()));
  }

  private partitionsOf(topics: ReadonlyMap<string, TopicDescription>): readonly TopicPartition[] {
    const described = topics.get(this.topic);
    if (described === undefined) {
      const details = { topic: this.topic };
      throw new StreamError("TOPIC_MISSING", `topic ${this.topic} does not exist: nothing has failed into it`, {
        details,
      });
    }
    return Array.from({ length: described.partitions }, (_, partition) => ({ topic: this.topic, partition }));
  }

  private transactor(): Promise<Transactor> {
    return this.log.transactor({
      transactionalId: this.group,
      transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
      deadlineMs: TRANSACTION_TIMEOUT_MS,
    });
  }

  /** Takes what lies in `[next, to)`, as far as the limit goes. @returns where to go on */
  private async read(
    { partition, next }: Slice,
    to: number,
    topics: ReadonlyMap<string, TopicDescription>,
  ): Promise<number> {
    let stoppedAt: number | undefined;
    await readPartition(this.log, { ...partition, from: next, to }, (record) => {
      if (this.left > 0) this.take(record, topics);
      else stoppedAt ??= record.offset;
    });
    return stoppedAt ?? to;
  }

  private take(record: RecordReader, topics: ReadonlyMap<string, TopicDescription>): void {
    const origin = originOf(record.headers());
    if (origin === undefined || !isRead(origin, topics, this.topic)) {
      this.foreign++;
      return;
    }
    this.left--;
    this.redriven[origin.topic] = (this.redriven[origin.topic] ?? 0) + 1;
    if (!this.dryRun) this.collector.append(origin, record, ownHeaders(record.headers()));
  }

  private async commit(transactor: Transactor | undefined, { partition, next }: Slice): Promise<void> {
    if (transactor === undefined) return;
    const batches = this.collector.take();
    const offsets = new Map([[partitionKey(partition.topic, partition.partition), next]]);
    try {
      await this.commitSlice(transactor, batches, offsets);
    } catch (error) {
      throw error instanceof LogError ? new StreamError(surfacedCode(error), error.message, { cause: error }) : error;
    }
    this.collector.recycle(batches);
  }

  private async commitSlice(
    transactor: Transactor,
    batches: readonly PartitionBatch[],
    offsets: ReadonlyMap<PartitionKey, number>,
  ): Promise<void> {
    transactor.begin();
    try {
      await transactor.send(batches);
      await transactor.sendOffsets(this.group, offsets);
    } catch (error) {
      // While it is open, readers of the inputs see nothing that is written behind it. The first error is the one to tell.
      await transactor.abort().catch(() => undefined);
      throw error;
    }
    await transactor.commit();
  }
}

function isRead(
  { topic, partition }: DeadLetterOrigin,
  topics: ReadonlyMap<string, TopicDescription>,
  deadTopic: string,
): boolean {
  return topic !== deadTopic && partition >= 0 && partition < (topics.get(topic)?.partitions ?? 0);
}
