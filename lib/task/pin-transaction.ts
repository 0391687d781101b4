/**
 * What a pin writes: outputs, changelogs and the position of one transaction.
 *
 * Owns: the sends inside a transaction, and the transactor of one epoch. Does not own: when to commit (`pin-running.ts`),
 * what an error means.
 *
 * Invariants:
 * 1. (I1) Outputs, changelog and position of a transaction are sent between one `begin` and one `commit`.
 * 2. The last position sent before `commit` carries the changelogs' end offsets as the log told them. When they can be
 *    known beforehand (`changelog-ends.ts`), the position goes with the last batches, in one request; when that turns out
 *    wrong, another position follows. Readers take the last one.
 */

import type { PinPlan } from "../application/plan.ts";
import { encodePosition, type Position, positionRecordKey } from "../application/position.ts";
import { StreamError } from "../core/errors.ts";
import type { PartitionKey } from "../core/ids.ts";
import type { Log, PartitionBatch, Transactor } from "../ports/log.ts";
import type { Header } from "../records/reader.ts";
import { RecordWriter } from "../records/writer.ts";
import type { RowSink } from "../state/store.ts";
import { ChangelogEnds } from "./changelog-ends.ts";
import type { Collector } from "./collector.ts";
import type { Task } from "./task.ts";

/** A transaction that was sealed: ready to be sent, and what it will have committed. */
export interface SealedTransaction {
  readonly transaction: number;
  readonly batches: PartitionBatch[];
  readonly position: Position;
  readonly changelogRecords: number;
  /** Keys and values. */
  readonly changelogBytes: number;
}

/** What the last sends of a transaction need. */
interface LastSends {
  readonly ends: ChangelogEnds;
  readonly sealed: SealedTransaction;
  readonly nowMs: number;
}

/** The transactional writer of one pin. Calls run one after the other. */
export class PinTransactions {
  private readonly log: Log;
  private readonly plan: PinPlan;
  private readonly positionsTopic: string;
  private transactor: Transactor | undefined;
  private open = false;
  /** A call is under way: then nothing else may be asked of the transactor. */
  private busy = false;
  private ends: ChangelogEnds;
  private readonly positionWriter = new RecordWriter({ initialBytes: 4096 });

  constructor(log: Log, plan: PinPlan, positionsTopic: string) {
    this.log = log;
    this.plan = plan;
    this.positionsTopic = positionsTopic;
    this.ends = new ChangelogEnds(plan);
  }

  /** InitProducerId: fences every earlier writer of this pin and finishes its open transaction. */
  async initialise(options: {
    transactionalId: string;
    transactionTimeoutMs: number;
    deadlineMs: number;
  }): Promise<void> {
    this.forget();
    this.transactor = await this.log.transactor(options);
  }

  /** Stops using the transactor; its open transaction is finished by the next InitProducerId, or by its timeout. */
  forget(): void {
    this.transactor = undefined;
    this.open = false;
    this.busy = false;
    this.ends = new ChangelogEnds(this.plan);
  }

  /** Sends batches of the transaction that is being built. */
  async flush(batches: readonly PartitionBatch[]): Promise<void> {
    const transactor = this.current();
    this.begin(transactor);
    this.busy = true;
    await transactor.send(batches);
    this.busy = false;
  }

  /** Sends what is left and the position, then commits. @returns the position as written */
  async commit(sealed: SealedTransaction, nowMs: number): Promise<Position> {
    const transactor = this.current();
    this.begin(transactor);
    this.busy = true;
    const { ends } = this;
    const position = await this.sendLast(transactor, { ends, sealed, nowMs });
    await transactor.commit();
    ends.committed();
    this.open = false;
    this.busy = false;
    return position;
  }

  private async sendLast(transactor: Transactor, { ends, sealed, nowMs }: LastSends): Promise<Position> {
    const { batches, position } = sealed;
    const expected = ends.expect(batches);
    if (expected === undefined) {
      ends.learn(await transactor.send(batches));
      return this.sendPosition(transactor, withEnds(position, ends.ofTransaction), nowMs);
    }
    const guess = withEnds(position, expected);
    ends.learn(await transactor.send([...batches, this.positionBatch(guess, nowMs)]));
    if (ends.areAs(expected)) return guess;
    return this.sendPosition(transactor, withEnds(position, ends.ofTransaction), nowMs);
  }

  private async sendPosition(transactor: Transactor, position: Position, nowMs: number): Promise<Position> {
    await transactor.send([this.positionBatch(position, nowMs)]);
    return position;
  }

  private positionBatch(position: Position, nowMs: number): PartitionBatch {
    this.positionWriter.reset();
    this.positionWriter.append(nowMs, positionRecordKey(this.plan.pin), encodePosition(position));
    return { topic: this.positionsTopic, partition: this.plan.pin, records: this.positionWriter };
  }

  /** Aborts what is open, unless a call is under way or has failed: then the next InitProducerId finishes it. */
  async abort(): Promise<void> {
    const { transactor } = this;
    if (transactor === undefined || !this.open || this.busy) return;
    this.open = false;
    this.ends = new ChangelogEnds(this.plan);
    await transactor.abort();
  }

  private begin(transactor: Transactor): void {
    if (this.open) return;
    transactor.begin();
    this.open = true;
  }

  private current(): Transactor {
    if (this.transactor === undefined)
      throw new StreamError("INVARIANT_BROKEN", `pin ${this.plan.pin} writes without a transactor`);
    return this.transactor;
  }
}

function withEnds(position: Position, ends: ReadonlyMap<PartitionKey, number>): Position {
  return { ...position, changelogs: { ...position.changelogs, ...Object.fromEntries(ends) } };
}

/** Closes the open layer of every task: encodes the changelog and the position. Synchronous: nothing can slip in between. */
export function sealTransaction(
  tasks: readonly Task[],
  collector: Collector,
  base: { pin: number; epoch: number; transaction: number; changelogs: Readonly<Record<PartitionKey, number>> },
): SealedTransaction {
  let changelogRecords = 0;
  let changelogBytes = 0;
  const position = {
    ...base,
    inputs: {} as Record<PartitionKey, number>,
    partitionTimes: {} as Record<PartitionKey, number>,
    clocks: {} as Record<string, number>,
    storeTimes: {} as Record<string, number>,
  };
  for (const task of tasks) {
    task.flush();
    for (const store of task.stores) {
      const changelog = task.plan.changelogs.find(({ store: spec }) => spec.name === store.spec.name);
      if (changelog === undefined || changelog.isSource) {
        store.seal(nowhere);
        continue;
      }
      const counting = new CountingRows(collector.changelog(changelog.topic, changelog.partition, store.spec.type));
      store.seal(counting);
      changelogRecords += counting.count;
      changelogBytes += counting.bytes;
    }
    task.addToPosition(position);
  }
  const sources = tasks.flatMap(({ plan }) => plan.changelogs.filter(({ isSource }) => isSource));
  const changelogs = { ...base.changelogs };
  for (const { key } of sources) {
    const end = position.inputs[key] ?? 0;
    changelogRecords += end - (base.changelogs[key] ?? end);
    changelogs[key] = end;
  }
  const sealed = { ...position, changelogs };
  return {
    transaction: base.transaction,
    batches: collector.take(),
    position: sealed,
    changelogRecords,
    changelogBytes,
  };
}

/** A store without a changelog is sealed into nothing. */
const nowhere: RowSink = { row: () => undefined };

class CountingRows implements RowSink {
  count = 0;
  bytes = 0;
  private readonly inner: RowSink;

  constructor(inner: RowSink) {
    this.inner = inner;
  }

  /** @hotPath once per changed row of a commit */
  row(
    keyText: string,
    bytes: Buffer,
    valueStart: number,
    valueLength: number,
    timestampMs: number,
    headers?: readonly Header[],
  ): void {
    this.count++;
    this.bytes += keyText.length + Math.max(0, valueLength);
    this.inner.row(keyText, bytes, valueStart, valueLength, timestampMs, headers);
  }
}
