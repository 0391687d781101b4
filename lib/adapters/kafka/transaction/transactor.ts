import { invariant } from "../../../core/errors.ts";
import { type PartitionKey, parsePartitionKey, partitionKey, type TopicPartition } from "../../../core/ids.ts";
import { LogError, type PartitionBatch, type Transactor, type TransactorOptions } from "../../../ports/log.ts";
import type { TransactionMarker } from "../../../records/control.ts";
import { addOffsetsToTxnRequest } from "../api/add-offsets-to-txn.ts";
import { addPartitionsToTxnRequest } from "../api/add-partitions-to-txn.ts";
import { apiVersionsRequest } from "../api/api-versions.ts";
import { endTxnRequest } from "../api/end-txn.ts";
import { initProducerIdRequest } from "../api/init-producer-id.ts";
import type { ProducerIdentity } from "../api/producer-identity.ts";
import { txnOffsetCommitRequest } from "../api/txn-offset-commit.ts";
import { askCoordinator, decisiveError } from "../cluster/ask-coordinator.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { answerError, asLogError } from "../failures.ts";
import { Deadline } from "../transport/deadline.ts";
import type { MessageLimits } from "./message-limits.ts";
import { produceBatches, stampBatches } from "./produce.ts";
import { Sequences } from "./sequences.ts";

/** What a transactor shares with the others of its log. */
export interface TransactorContext {
  readonly cluster: Cluster;
  readonly limits: MessageLimits;
  /** Counts transactors: they spread over the sockets. */
  readonly slot: number;
}

/**
 * Life of a transactor: `ready` ⇄ `open`; a failed call makes it `failed`, from where only `abort` is possible; after
 * that, and when EndTxn was sent and failed, it is `dead`: make a new one.
 */
type State = "ready" | "open" | "failed" | "dead";

/**
 * One owner of a transactional id: one epoch of it on the older transaction protocol, one epoch per transaction on the newer
 * (KIP-890), where brokers add partitions and groups to the transaction with the first write.
 */
export class KafkaTransactor implements Transactor {
  private producer: ProducerIdentity;
  private readonly context: TransactorContext;
  private readonly deadlineMs: number;
  private readonly sequences = new Sequences();
  private readonly added = new Set<PartitionKey>();
  private readonly addedGroups = new Set<string>();
  private state: State = "ready";
  private busy = false;
  /** Something of this transaction was sent, so that it may be open at the coordinator. */
  private touched = false;

  /** @param producer from InitProducerId; use `openTransactor` */
  constructor(producer: ProducerIdentity, options: { context: TransactorContext; deadlineMs: number }) {
    this.producer = producer;
    this.context = options.context;
    this.deadlineMs = options.deadlineMs;
  }

  get transactionalId(): string {
    return this.producer.transactionalId;
  }

  get producerId(): number {
    return this.producer.producerId;
  }

  get producerEpoch(): number {
    return this.producer.producerEpoch;
  }

  begin(): void {
    this.expect("ready");
    this.state = "open";
  }

  async send(batches: readonly PartitionBatch[]): Promise<ReadonlyMap<PartitionKey, number>> {
    this.expect("open");
    if (batches.length === 0) return new Map();
    return this.exclusive("Produce", async (deadline) => {
      const { cluster, limits, slot } = this.context;
      const { producer, sequences } = this;
      const stamped = stampBatches(batches, { producer, sequences, compression: cluster.settings.compression });
      await limits.check(stamped, deadline);
      await this.addPartitions(batches, deadline);
      const lane = `data-${slot % cluster.settings.dataConnections}` as const;
      return produceBatches(cluster, stamped, { producer, lane, deadline });
    });
  }

  async sendOffsets(group: string, offsets: ReadonlyMap<PartitionKey, number>): Promise<void> {
    this.expect("open");
    if (offsets.size === 0) return;
    await this.exclusive("TxnOffsetCommit", async (deadline) => {
      await this.addGroup(group, deadline);
      const items = [...offsets].map(([key, offset]) => ({ ...parsePartitionKey(key), offset }));
      await askCoordinator(this.context.cluster, {
        kind: "group",
        key: group,
        lane: this.lane,
        deadline,
        request: txnOffsetCommitRequest(this.producer, group, items),
        error: (answer) =>
          decisiveError(
            answer.partitions.map(({ topic, partition, errorCode }) =>
              answerError(errorCode, { request: "TxnOffsetCommit", group, topic, partition }),
            ),
          ),
      });
    });
  }

  async commit(): Promise<void> {
    this.expect("open");
    if (this.added.size === 0 && this.addedGroups.size === 0) this.finish("ready");
    else await this.end("commit");
  }

  async abort(): Promise<void> {
    invariant(this.state === "open" || this.state === "failed", "only an open transaction can be aborted", {
      state: this.state,
    });
    const after = this.state === "open" ? "ready" : "dead";
    if (!this.touched) this.finish(after);
    else await this.end("abort");
  }

  private get lane(): `transaction-${number}` {
    const { cluster, slot } = this.context;
    return `transaction-${slot % cluster.settings.transactionConnections}`;
  }

  private async addPartitions(batches: readonly TopicPartition[], deadline: Deadline): Promise<void> {
    const fresh = new Map<PartitionKey, TopicPartition>();
    for (const { topic, partition } of batches) {
      const key = partitionKey(topic, partition);
      if (!this.added.has(key)) fresh.set(key, { topic, partition });
    }
    if (fresh.size === 0) return;
    this.touched = true;
    if (this.producer.protocol === "v1") await this.askToAdd([...fresh.values()], deadline);
    for (const key of fresh.keys()) this.added.add(key);
  }

  private async askToAdd(partitions: readonly TopicPartition[], deadline: Deadline): Promise<void> {
    await askCoordinator(this.context.cluster, {
      kind: "transaction",
      key: this.transactionalId,
      lane: this.lane,
      deadline,
      request: addPartitionsToTxnRequest(this.producer, partitions),
      error: (answer) =>
        decisiveError(
          answer.partitions.map(({ topic, partition, errorCode }) =>
            answerError(errorCode, { ...this.named("AddPartitionsToTxn"), topic, partition }),
          ),
        ),
    });
  }

  private async addGroup(group: string, deadline: Deadline): Promise<void> {
    if (this.addedGroups.has(group)) return;
    this.touched = true;
    if (this.producer.protocol === "v1") {
      await askCoordinator(this.context.cluster, {
        kind: "transaction",
        key: this.transactionalId,
        lane: this.lane,
        deadline,
        request: addOffsetsToTxnRequest(this.producer, group),
        error: ({ errorCode }) => answerError(errorCode, { ...this.named("AddOffsetsToTxn"), group }),
      });
    }
    this.addedGroups.add(group);
  }

  private async end(marker: TransactionMarker): Promise<void> {
    const afterFailure = this.state === "failed";
    const context = { ...this.named("EndTxn"), endTxnSent: true };
    try {
      const { next } = await this.exclusive("EndTxn", (deadline) =>
        askCoordinator(this.context.cluster, {
          kind: "transaction",
          key: this.transactionalId,
          lane: this.lane,
          deadline,
          endsTransaction: this.producer.protocol,
          request: endTxnRequest(this.producer, marker),
          error: ({ errorCode }) => answerError(errorCode, context),
        }),
      );
      if (next !== undefined) this.becomes(next);
    } catch (error) {
      // What was never sent may still be aborted; after that, only a new epoch is safe.
      if (error instanceof LogError && error.endTxnSent) this.finish("dead");
      // After a failure the transaction may never have been opened at the coordinator: then there is nothing to abort.
      const neverOpened = error instanceof LogError && error.kafkaError === "INVALID_TXN_STATE";
      if (marker === "abort" && afterFailure && neverOpened) return;
      throw error;
    }
    this.finish(afterFailure ? "dead" : "ready");
  }

  /** Takes the producer id and epoch of the next transaction; sequences count from 0 in every epoch. */
  private becomes(next: { readonly producerId: number; readonly producerEpoch: number }): void {
    this.producer = { ...this.producer, ...next };
    this.sequences.restart();
  }

  /** Runs one call; a failure of it leaves only `abort`. */
  private async exclusive<T>(request: string, call: (deadline: Deadline) => Promise<T>): Promise<T> {
    invariant(!this.busy, "calls of one transactor never overlap", { request });
    this.busy = true;
    try {
      return await call(new Deadline(this.deadlineMs));
    } catch (error) {
      this.state = "failed";
      throw asLogError(error, { ...this.named(request), endTxnSent: request === "EndTxn" });
    } finally {
      this.busy = false;
    }
  }

  private finish(state: State): void {
    this.state = state;
    this.touched = false;
    this.added.clear();
    this.addedGroups.clear();
  }

  private named(request: string) {
    return { request, transactionalId: this.transactionalId };
  }

  private expect(state: State): void {
    invariant(this.state === state && !this.busy, `a transactor must be ${state} for this call`, { state: this.state });
  }
}

/**
 * InitProducerId until the transaction before is finished. The protocol is what the cluster has finalised at that moment: a
 * transactor keeps it for its life, as brokers go on to speak both.
 *
 * No producer id and epoch are sent along: a takeover fences whoever was there, and the lease, read again afterwards, says
 * whether that was right.
 *
 * @throws {LogError} @throws {StreamError} `ACCESS_DENIED`, …
 */
export async function openTransactor(context: TransactorContext, options: TransactorOptions): Promise<KafkaTransactor> {
  const { transactionalId, transactionTimeoutMs, deadlineMs } = options;
  const { cluster, slot } = context;
  const named = { request: "InitProducerId", transactionalId };
  const coordinator = {
    kind: "transaction",
    key: transactionalId,
    lane: `transaction-${slot % cluster.settings.transactionConnections}`,
    deadline: new Deadline(deadlineMs),
  } as const;
  try {
    const { features } = await askCoordinator(cluster, {
      ...coordinator,
      request: apiVersionsRequest(),
      error: ({ errorCode }) => answerError(errorCode, { request: "ApiVersions", transactionalId }),
    });
    const { producerId, producerEpoch } = await askCoordinator(cluster, {
      ...coordinator,
      request: initProducerIdRequest(transactionalId, transactionTimeoutMs),
      error: ({ errorCode }) => answerError(errorCode, named),
    });
    const protocol = (features.get("transaction.version") ?? 0) >= 2 ? "v2" : "v1";
    return new KafkaTransactor({ transactionalId, producerId, producerEpoch, protocol }, { context, deadlineMs });
  } catch (error) {
    throw asLogError(error, named);
  }
}
