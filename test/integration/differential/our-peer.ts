import { randomUUID } from "node:crypto";
import { createKafkaLog } from "../../../lib/adapters/kafka/kafka-log.ts";
import type { PartitionKey, TopicPartition } from "../../../lib/core/ids.ts";
import type { FetchedPartition, Log, Transactor } from "../../../lib/ports/log.ts";
import { BatchCursor, type Compression } from "../../../lib/records/batch.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import type { ProducerName, Step } from "./generate.ts";
import { lineOf, type Peer, type Place, type ReadLines, type ReadRange } from "./peers.ts";

/** Kinds of batches that were read, with their numbers: what a run has met. */
export type Seen = Record<string, number>;

/** Our client, with a log per codec. */
export class OurPeer implements Peer {
  readonly log: Log;
  readonly seen: Seen = {};
  private readonly bootstrap: string;
  private readonly logs = new Map<string, Promise<Log>>();
  private readonly transactors = new Map<string, Transactor>();
  private readonly lanes = new Map<number, Promise<void>>();
  private readonly run = randomUUID();

  private constructor(log: Log, bootstrap: string) {
    this.log = log;
    this.bootstrap = bootstrap;
  }

  static async connect(bootstrap: string): Promise<OurPeer> {
    return new OurPeer(await createKafkaLog({ brokers: [bootstrap] }), bootstrap);
  }

  write({ topic, partition, lane }: Place, steps: readonly Step[]): Promise<void> {
    const written = (this.lanes.get(lane) ?? Promise.resolve()).then(async () => {
      for (const step of steps) await this.take(step, await this.transactor(step.producer, lane), { topic, partition });
    });
    this.lanes.set(lane, written);
    return written;
  }

  async read(ranges: ReadonlyMap<PartitionKey, ReadRange>, maxPartitionBytes: number): Promise<ReadLines> {
    const found = new Map<PartitionKey, string[]>([...ranges.keys()].map((key) => [key, []]));
    const positions = new Map([...ranges].map(([key, { from }]) => [key, from]));
    for (;;) {
      for (const [key, { end }] of ranges) if ((positions.get(key) ?? end) >= end) positions.delete(key);
      if (positions.size === 0) return found;
      const answers = await this.log.fetch({ positions, maxWaitMs: 20, maxBytes: 8 << 20, maxPartitionBytes });
      for (const [key, answer] of answers) {
        found.get(key)?.push(...this.linesOf(answer));
        if (answer.kind === "records") positions.set(key, answer.next);
      }
    }
  }

  async close(): Promise<void> {
    for (const log of [...this.logs.values(), this.log]) await (await log).close();
  }

  private async take(step: Step, transactor: Transactor, place: TopicPartition): Promise<void> {
    switch (step.kind) {
      case "begin":
        return transactor.begin();
      case "commit":
        return transactor.commit();
      case "abort":
        return transactor.abort();
      case "batch": {
        const records = new RecordWriter();
        for (const { timestampMs, key, value, headers } of step.records)
          records.append(timestampMs, key, value, headers);
        await transactor.send([{ ...place, records }]);
      }
    }
  }

  private linesOf(answer: FetchedPartition): string[] {
    if (answer.kind === "error") throw answer.error;
    const { records } = answer;
    this.look(records.bytes); // before the first record: still the answer as it came
    const lines: string[] = [];
    const bytes = (start: number, length: number) =>
      length < 0 ? null : records.bytes.subarray(start, start + length);
    while (records.advance()) {
      const key = bytes(records.keyStart, records.keyLength);
      const value = bytes(records.valueStart, records.valueLength);
      const { offset, timestampMs } = records;
      lines.push(`${offset} ${lineOf({ timestampMs, key, value, headers: records.headers() })}`);
    }
    return lines;
  }

  private look(bytes: Buffer): void {
    const batches = new BatchCursor(bytes);
    while (batches.advance()) {
      const kind = batches.isControl ? "marker" : batches.recordCount === 0 ? "empty" : batches.compression;
      this.seen[`${kind}`] = (this.seen[`${kind}`] ?? 0) + 1;
      const isThinned = !batches.isControl && batches.lastOffset - batches.baseOffset + 1 !== batches.recordCount;
      if (isThinned) this.seen["thinned"] = (this.seen["thinned"] ?? 0) + 1;
    }
  }

  private async transactor(name: ProducerName, lane: number): Promise<Transactor> {
    const transactionalId = `${this.run}-${lane}-${name}`;
    const known = this.transactors.get(transactionalId);
    if (known !== undefined) return known;
    const log = await this.logFor(name.split("-")[1] as Compression);
    const transactor = await log.transactor({ transactionalId, transactionTimeoutMs: 60_000, deadlineMs: 30_000 });
    this.transactors.set(transactionalId, transactor);
    return transactor;
  }

  private logFor(compression: Compression): Promise<Log> {
    const log = this.logs.get(compression) ?? createKafkaLog({ brokers: [this.bootstrap], compression });
    this.logs.set(compression, log);
    return log;
  }
}
