import type { PartitionKey } from "../../../core/ids.ts";
import type { KafkaErrorName } from "../../../core/kafka-errors.ts";
import { encodeMarker } from "../../../records/control.ts";
import type { BrokerCore } from "./broker-core.ts";
import type { TransactionRecord, TransactionTarget } from "./transaction-record.ts";
import {
  complete,
  decideAdd,
  decideEnd,
  decideInit,
  fence,
  type ProducerIdentity,
  verifyWrite,
} from "./transaction-rules.ts";

const NO_PRODUCER: ProducerIdentity = { producerId: -1, producerEpoch: -1 };

/** Answer of InitProducerId and EndTxn. */
export interface ProducerAnswer extends ProducerIdentity {
  readonly error: KafkaErrorName;
}

/** A marker that is on its way. */
interface DueMarker {
  readonly transactionalId: string;
  readonly target: TransactionTarget;
  readonly dueAtMs: number;
}

/**
 * The transaction coordinator: one transactional id at a time goes through Kafka's states.
 *
 * It has no timers: what is due by the clock (markers, timeouts, expiry) is done at the begin of the next request, which
 * nobody can tell from doing it in time. Those who wait ask `nextDueMs`.
 */
export class TransactionCoordinator {
  private readonly core: BrokerCore;
  private markers: DueMarker[] = [];
  /** When something is due next; undefined when it has to be worked out again. */
  private knownDueMs: number | undefined;
  /** The time at which something fell due that is done only now. */
  private catchingUpMs: number | undefined;

  constructor(core: BrokerCore) {
    this.core = core;
  }

  /** Takes up the transactions that an earlier life left between EndTxn and its markers. */
  resume(): void {
    for (const record of this.core.state.transactions.values()) {
      if (record.state === "PrepareCommit" || record.state === "PrepareAbort") this.writeMarkers(record, () => 0);
    }
  }

  /** Fences whoever had the id. While its open transaction is being ended: CONCURRENT_TRANSACTIONS. */
  initProducerId(transactionalId: string, timeoutMs: number): ProducerAnswer {
    const { state, settings } = this.core;
    if (timeoutMs <= 0 || timeoutMs > settings.transactionMaxTimeoutMs) {
      return { ...NO_PRODUCER, error: "INVALID_TRANSACTION_TIMEOUT" };
    }
    const record = state.transactions.get(transactionalId) ?? this.newRecord(transactionalId);
    const decision = decideInit(record, {
      timeoutMs,
      version: settings.transactionVersion,
      nowMs: this.nowMs(),
      giveProducerId: () => this.giveProducerId(),
    });
    switch (decision.kind) {
      case "refused":
        return { ...NO_PRODUCER, error: decision.error };
      case "abort-first":
        this.change(decision.record);
        this.writeMarkers(decision.record);
        return { ...NO_PRODUCER, error: "CONCURRENT_TRANSACTIONS" };
      case "ready":
        this.change(decision.record);
        return { ...decision.record, error: "NONE" };
    }
  }

  /** Adds partitions or groups to the transaction; the first opens it. */
  add(
    transactionalId: string,
    producer: ProducerIdentity,
    targets: readonly TransactionTarget[],
  ): { readonly error: KafkaErrorName } {
    const record = this.core.state.transactions.get(transactionalId);
    const decision = decideAdd(record, { ...producer, targets, nowMs: this.nowMs() });
    if (decision.kind === "refused") return { error: this.asAnswered(decision.error) };
    if (decision.kind === "changed") this.change(decision.record);
    return { error: "NONE" };
  }

  /**
   * Whether a producer's first write to a target is part of its open transaction. Protocol 2 adds the target here; on
   * protocol 1 it must have been added before.
   */
  admit(transactionalId: string, producer: ProducerIdentity, target: TransactionTarget): KafkaErrorName {
    if (this.core.settings.transactionVersion === 1) {
      return verifyWrite(this.core.state.transactions.get(transactionalId), { ...producer, target });
    }
    const { error } = this.add(transactionalId, producer, [target]);
    return error === "PRODUCER_FENCED" ? "INVALID_PRODUCER_EPOCH" : error;
  }

  /** Ends the transaction. The answer does not wait for markers. */
  end(transactionalId: string, producer: ProducerIdentity, commit: boolean): ProducerAnswer {
    const decision = decideEnd(this.core.state.transactions.get(transactionalId), {
      ...producer,
      commit,
      version: this.core.settings.transactionVersion,
      nowMs: this.nowMs(),
      giveProducerId: () => this.giveProducerId(),
    });
    if (decision.kind === "refused") return { ...NO_PRODUCER, error: this.asAnswered(decision.error) };
    if (decision.kind === "changed") {
      this.change(decision.record);
      this.writeMarkers(decision.record);
    }
    const { producerId, producerEpoch } = decision.record;
    const rotated = decision.record.nextProducerId;
    return rotated < 0
      ? { producerId, producerEpoch, error: "NONE" }
      : { producerId: rotated, producerEpoch: 0, error: "NONE" };
  }

  /**
   * Does what is due, in the order and at the times at which it fell due: markers, timeouts of open transactions, and
   * forgetting unused ids.
   */
  tick(): void {
    const untilMs = this.core.clock.nowMs();
    for (let atMs = this.nextDueMs(); atMs <= untilMs; atMs = this.nextDueMs()) {
      this.catchingUpMs = atMs;
      this.doDue(atMs);
      this.knownDueMs = undefined;
    }
    this.catchingUpMs = undefined;
  }

  private doDue(atMs: number): void {
    const due = this.markers.filter((marker) => marker.dueAtMs <= atMs);
    if (due.length > 0) this.markers = this.markers.filter((marker) => marker.dueAtMs > atMs);
    for (const marker of due) this.writeMarker(marker.transactionalId, marker.target);
    for (const record of this.core.state.transactions.values()) {
      if (this.dueAtMs(record) > atMs) continue;
      if (record.state === "Ongoing") {
        const fenced = fence(record, { version: this.core.settings.transactionVersion, nowMs: atMs });
        this.change(fenced);
        this.writeMarkers(fenced);
      } else this.core.emit({ kind: "transaction-expired", transactionalId: record.transactionalId });
    }
  }

  /** When something is due next. */
  nextDueMs(): number {
    this.knownDueMs ??= this.earliestDueMs();
    return this.knownDueMs;
  }

  private earliestDueMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const marker of this.markers) next = Math.min(next, marker.dueAtMs);
    for (const record of this.core.state.transactions.values()) next = Math.min(next, this.dueAtMs(record));
    return next;
  }

  private dueAtMs(record: TransactionRecord): number {
    if (record.state === "Ongoing") return record.startedAtMs + record.timeoutMs + 1;
    const settled = record.state === "Empty" || record.state.startsWith("Complete");
    return settled ? record.updatedAtMs + this.core.settings.transactionalIdExpirationMs : Number.POSITIVE_INFINITY;
  }

  private writeMarkers(record: TransactionRecord, delayOf = (target: TransactionTarget) => this.delayMs(target)): void {
    if (record.targets.length === 0) this.change(complete(record, this.nowMs()));
    for (const target of record.targets) {
      const delayMs = delayOf(target);
      if (delayMs <= 0) this.writeMarker(record.transactionalId, target);
      else this.markers.push({ transactionalId: record.transactionalId, target, dueAtMs: this.nowMs() + delayMs });
    }
  }

  private writeMarker(transactionalId: string, target: TransactionTarget): void {
    const record = this.core.state.transactions.get(transactionalId);
    if (record === undefined || !record.targets.includes(target)) return;
    if (target.startsWith("group:")) this.settleGroup(record, target.slice("group:".length));
    else this.appendMarker(record, target as PartitionKey);
    const rest = { ...record, targets: record.targets.filter((other) => other !== target) };
    this.change(rest.targets.length === 0 ? complete(rest, this.nowMs()) : rest);
  }

  private appendMarker(record: TransactionRecord, key: PartitionKey): void {
    const log = this.core.state.partitionOf(key);
    if (log === undefined) return; // the topic was deleted
    const { producerId, producerEpoch } = record;
    const marker = record.state === "PrepareCommit" ? "commit" : "abort";
    const bytes = encodeMarker({ marker, producerId, producerEpoch, baseOffset: log.end, timestampMs: this.nowMs() });
    this.core.emit({ kind: "appended", topic: log.topic, partition: log.partition, bytes });
  }

  private settleGroup(record: TransactionRecord, group: string): void {
    if (this.core.state.groups.get(group)?.hasPending(record.producerId) !== true) return;
    const committed = record.state === "PrepareCommit";
    this.core.emit({ kind: "offsets-settled", group, producerId: record.producerId, committed, atMs: this.nowMs() });
  }

  private delayMs(target: TransactionTarget): number {
    const { markerDelayMs } = this.core.settings;
    return typeof markerDelayMs === "number" ? markerDelayMs : markerDelayMs(target);
  }

  private newRecord(transactionalId: string): TransactionRecord {
    return {
      transactionalId,
      producerId: this.giveProducerId(),
      producerEpoch: this.core.settings.firstProducerEpoch - 1,
      nextProducerId: -1,
      previousProducerId: -1,
      state: "Empty",
      endedWith: 1,
      timeoutMs: 0,
      startedAtMs: -1,
      updatedAtMs: this.nowMs(),
      targets: [],
    };
  }

  private giveProducerId(): number {
    const producerId = this.core.state.lastProducerId + 1;
    this.core.emit({ kind: "producer-id-given", producerId });
    return producerId;
  }

  private change(record: TransactionRecord): void {
    this.knownDueMs = undefined;
    this.core.emit({ kind: "transaction-changed", record });
  }

  private nowMs(): number {
    return this.catchingUpMs ?? this.core.clock.nowMs();
  }

  /** Requests of protocol 1 are of versions that do not know PRODUCER_FENCED. */
  private asAnswered(error: KafkaErrorName): KafkaErrorName {
    const isOld = this.core.settings.transactionVersion === 1;
    return isOld && error === "PRODUCER_FENCED" ? "INVALID_PRODUCER_EPOCH" : error;
  }
}
