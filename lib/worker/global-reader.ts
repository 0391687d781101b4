/**
 * Keeps the global stores of a worker: reads their topics whole, then follows them.
 *
 * Owns: the positions in those topics, which live as long as the worker. Does not own: the stores' rows (`GlobalStores`).
 * No pin may run before `ready`: a join would miss rows that were there when the worker started.
 */
import type { GlobalTopic } from "../application/plan.ts";
import { type PartitionKey, partitionKey } from "../core/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { FetchedPartition, Log } from "../ports/log.ts";
import type { Logger } from "../ports/logger.ts";
import type { GlobalStores } from "../task/global-stores.ts";
import type { FetchLimits } from "./fetcher.ts";

/** A partition of a global topic. */
interface Followed {
  readonly topic: string;
  readonly partition: number;
  /** Next offset; undefined: from the log's start. */
  next: number | undefined;
  /** The end when the worker started. */
  end: number;
}

/** What the reader works with. */
export interface GlobalReaderProps {
  readonly ports: { readonly log: Log; readonly clock: Clock; readonly logger: Logger };
  readonly topics: readonly GlobalTopic[];
  readonly stores: GlobalStores;
  readonly limits: FetchLimits;
}

/** The reader of a worker's global topics. */
export class GlobalReader {
  private readonly props: GlobalReaderProps;
  private readonly partitions = new Map<PartitionKey, Followed>();
  private stopped = false;
  private endsKnown = false;

  constructor(props: GlobalReaderProps) {
    this.props = props;
    for (const { topic, partitions } of props.topics) {
      for (let partition = 0; partition < partitions; partition++) {
        this.partitions.set(partitionKey(topic, partition), { topic, partition, next: undefined, end: 0 });
      }
    }
  }

  /** True when everything is applied that was there at the start. */
  get ready(): boolean {
    if (this.partitions.size === 0) return true;
    return this.endsKnown && [...this.partitions.values()].every(({ next, end }) => next !== undefined && next >= end);
  }

  stop(): void {
    this.stopped = true;
  }

  /** Runs until stopped; ends at once when there is nothing to read. @param onReady is called once */
  async run(onReady: () => void): Promise<void> {
    const { clock, logger } = this.props.ports;
    let told = this.ready;
    while (!this.stopped && this.partitions.size > 0) {
      try {
        await this.findStarts();
        if (!this.ready || told) await this.fetchOnce();
        if (this.ready && !told) {
          told = true;
          onReady();
        }
      } catch (error) {
        logger.warn("global-read-failed", { error: String(error) });
        await clock.sleep(this.props.limits.retryMs);
      }
    }
  }

  private async findStarts(): Promise<void> {
    const { log } = this.props.ports;
    const all = [...this.partitions.values()];
    if (!this.endsKnown) {
      const ends = await log.offsets(all, "lso");
      for (const [key, followed] of this.partitions) followed.end = ends.get(key) ?? 0;
      this.endsKnown = true;
    }
    const lost = all.filter(({ next }) => next === undefined);
    if (lost.length === 0) return;
    const starts = await log.offsets(lost, "earliest");
    for (const followed of lost) followed.next = starts.get(partitionKey(followed.topic, followed.partition)) ?? 0;
  }

  private async fetchOnce(): Promise<void> {
    const { ports, limits } = this.props;
    const { maxWaitMs, maxBytes, maxPartitionBytes, retryMs } = limits;
    const positions = new Map([...this.partitions].map(([key, { next = 0 }]) => [key, next]));
    const answers = await ports.log.fetch({ positions, maxWaitMs, maxBytes, maxPartitionBytes });
    let failures = 0;
    for (const [key, answer] of answers) if (!this.take(key, answer)) failures++;
    await ports.clock.sleep(failures > 0 ? retryMs : 0);
  }

  /** @returns false when the partition could not be read */
  private take(key: PartitionKey, answer: FetchedPartition): boolean {
    const followed = this.partitions.get(key);
    if (followed === undefined) return true;
    if (answer.kind === "records") {
      this.props.stores.apply(followed, answer.records);
      followed.next = answer.next;
      return true;
    }
    // Retention or compaction overtook us, or the topic is a new one: begin again at what is there.
    if (answer.error.kafkaError === "OFFSET_OUT_OF_RANGE") followed.next = undefined;
    this.props.ports.logger.warn("global-read-failed", { partition: key, error: String(answer.error) });
    return false;
  }
}
