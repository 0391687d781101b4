import { invariant } from "../../../core/errors.ts";
import { type PartitionKey, partitionKey } from "../../../core/ids.ts";
import type { KafkaErrorName } from "../../../core/kafka-errors.ts";
import { LogError, type PartitionBatch, type Transactor } from "../../../ports/log.ts";
import type { MemoryBroker } from "./broker.ts";
import type { CallHead, Calls } from "./calls.ts";
import { checkSizes, rounds, type StampedBatch, summarise } from "./produce-rounds.ts";
import { sequenceAfter } from "./producer-state.ts";
import type { TransactionTarget } from "./transaction-record.ts";
import type { ProducerIdentity } from "./transaction-rules.ts";

/** What a transactor is made of. */
export interface MemoryTransactorOptions {
  readonly broker: MemoryBroker;
  readonly calls: Calls;
  readonly transactionalId: string;
  readonly deadlineMs: number;
  readonly producer: ProducerIdentity;
}

type Phase = "idle" | "open" | "failed" | "ended";

/** One epoch of one transactional id on a memory broker. */
export class MemoryTransactor implements Transactor {
  readonly transactionalId: string;
  private readonly broker: MemoryBroker;
  private readonly calls: Calls;
  private readonly deadlineMs: number;
  private producer: ProducerIdentity;
  private phase: Phase = "idle";
  /** Whether the coordinator may know of the open transaction: without that there is nothing to end. */
  private touched = false;
  /** Partitions and groups that the coordinator has in the open transaction. */
  private readonly added = new Set<TransactionTarget>();
  /** Next sequence per partition; kept over the transactions of an epoch. */
  private readonly sequences = new Map<PartitionKey, number>();
  private readonly limitsBytes = new Map<string, number>();

  constructor(options: MemoryTransactorOptions) {
    this.broker = options.broker;
    this.calls = options.calls;
    this.transactionalId = options.transactionalId;
    this.deadlineMs = options.deadlineMs;
    this.producer = options.producer;
  }

  get producerId(): number {
    return this.producer.producerId;
  }

  get producerEpoch(): number {
    return this.producer.producerEpoch;
  }

  begin(): void {
    this.expect("idle", "begin");
    this.phase = "open";
    this.touched = false;
    this.added.clear();
  }

  async send(batches: readonly PartitionBatch[]): Promise<ReadonlyMap<PartitionKey, number>> {
    this.expect("open", "send");
    const written = batches.filter(({ records }) => records.count > 0);
    await this.learnLimits(written);
    checkSizes(written, this.limitsBytes);
    const nextOffsets = new Map<PartitionKey, number>();
    await this.failing(async () => {
      await this.add(
        "AddPartitionsToTxn",
        written.map(({ topic, partition }) => partitionKey(topic, partition)),
      );
      for (const round of rounds(written)) await this.produce(round, nextOffsets);
    });
    return nextOffsets;
  }

  async sendOffsets(group: string, offsets: ReadonlyMap<PartitionKey, number>): Promise<void> {
    this.expect("open", "sendOffsets");
    const kept = new Map(offsets);
    await this.failing(async () => {
      await this.add("AddOffsetsToTxn", [`group:${group}`]);
      const producer = { ...this.producer, transactionalId: this.transactionalId };
      await this.retried("TxnOffsetCommit", () => this.broker.commitOffsetsInTransaction(group, producer, kept));
    });
  }

  async commit(): Promise<void> {
    this.expect("open", "commit");
    await this.end(true);
  }

  async abort(): Promise<void> {
    const { phase } = this;
    invariant(phase === "open" || phase === "failed", "abort needs an open transaction", { phase });
    await this.end(false);
  }

  private async end(commit: boolean): Promise<void> {
    const next = this.phase === "failed" ? "ended" : "idle";
    this.phase = "ended";
    if (this.touched) await this.endTransaction(commit);
    this.phase = next;
  }

  /** When its answer is lost nobody knows what it did: protocol 1 must not ask again, protocol 2 may. */
  private async endTransaction(commit: boolean): Promise<void> {
    const { broker, calls, transactionalId, producer, deadlineMs } = this;
    const deliver = () => broker.endTransaction(transactionalId, producer, commit);
    const onceLostThrow = broker.transactionVersion === 1;
    let answer: ReturnType<typeof deliver>;
    try {
      answer = await calls.retried({ api: "EndTxn", transactionalId, onceLostThrow }, deadlineMs, deliver);
    } catch (cause) {
      const kafkaError = cause instanceof LogError ? cause.kafkaError : "REQUEST_TIMED_OUT";
      throw this.refused("EndTxn", kafkaError, { endTxnSent: true, cause });
    }
    if (answer.error !== "NONE") throw this.refused("EndTxn", answer.error, { endTxnSent: true });
    const { producerId, producerEpoch } = answer;
    // A raised epoch counts its batches from 0 again.
    if (producerId !== producer.producerId || producerEpoch !== producer.producerEpoch) this.sequences.clear();
    this.producer = { producerId, producerEpoch };
  }

  /** On protocol 2 brokers add partitions and groups by themselves, with the first write. */
  private async add(
    api: "AddPartitionsToTxn" | "AddOffsetsToTxn",
    targets: readonly TransactionTarget[],
  ): Promise<void> {
    const missing = [...new Set(targets)].filter((target) => !this.added.has(target));
    if (missing.length === 0) return;
    const touchedBefore = this.touched;
    this.touched = true;
    if (this.broker.transactionVersion === 1) {
      const { transactionalId, producer } = this;
      const answer = await this.calls.retried({ api, transactionalId }, this.deadlineMs, () =>
        this.broker.addToTransaction(transactionalId, producer, missing),
      );
      if (answer.error !== "NONE") {
        this.touched = touchedBefore;
        throw this.refused(api, answer.error);
      }
    }
    for (const target of missing) this.added.add(target);
  }

  private async produce(round: readonly PartitionBatch[], nextOffsets: Map<PartitionKey, number>): Promise<void> {
    const stamped = round.map((batch) => this.stamp(batch));
    const answer = await this.retried("Produce", () =>
      summarise(stamped, this.broker.produce(this.transactionalId, stamped)),
    );
    for (const [index, { key, count }] of stamped.entries()) {
      nextOffsets.set(key, (answer.baseOffsets[index] ?? 0) + count);
      this.sequences.set(key, sequenceAfter(this.sequences.get(key) ?? 0, count));
    }
  }

  private stamp({ topic, partition, records }: PartitionBatch): StampedBatch {
    const key = partitionKey(topic, partition);
    const baseSequence = this.sequences.get(key) ?? 0;
    const { producerId, producerEpoch } = this.producer;
    // Copied: the request may arrive when the writer is in use for something else.
    const bytes = Buffer.from(records.finish({ producerId, producerEpoch, baseSequence, transactional: true }));
    return { topic, partition, key, bytes, count: records.count };
  }

  private async learnLimits(batches: readonly PartitionBatch[]): Promise<void> {
    const unknown = [...new Set(batches.map(({ topic }) => topic))].filter((topic) => !this.limitsBytes.has(topic));
    if (unknown.length === 0) return;
    const { found } = await this.calls.retried({ api: "Metadata" }, this.deadlineMs, () => ({
      error: "NONE" as const,
      found: this.broker.metadata(unknown),
    }));
    for (const [topic, { maxMessageBytes }] of found) this.limitsBytes.set(topic, maxMessageBytes);
  }

  /** A failure before EndTxn leaves only `abort`. */
  private async failing(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.phase = "failed";
      throw error;
    }
  }

  private async retried<T extends { readonly error: KafkaErrorName; readonly partition?: PartitionKey | undefined }>(
    api: CallHead["api"],
    deliver: () => T,
  ): Promise<T> {
    const answer = await this.calls.retried({ api, transactionalId: this.transactionalId }, this.deadlineMs, deliver);
    if (answer.error !== "NONE") throw this.refused(api, answer.error, { partition: answer.partition });
    return answer;
  }

  private refused(
    api: string,
    error: KafkaErrorName,
    about: { endTxnSent?: boolean; partition?: PartitionKey | undefined; cause?: unknown } = {},
  ): LogError {
    const { transactionalId, producerId, producerEpoch } = this;
    const partition = about.partition === undefined ? {} : { partition: about.partition };
    const who = `${transactionalId} (producer ${producerId}, epoch ${producerEpoch})`;
    return new LogError(error, `${api} of ${who} failed`, {
      endTxnSent: about.endTxnSent ?? false,
      details: { api, transactionalId, producerId, producerEpoch, ...partition },
      cause: about.cause,
    });
  }

  private expect(phase: Phase, call: string): void {
    invariant(this.phase === phase, `${call} needs a transactor that is ${phase}`, { phase: this.phase });
  }
}
