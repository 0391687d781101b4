import { randomUUID } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import { type PartitionKey, partitionKey } from "../../../lib/core/ids.ts";
import type { FetchedPartition, FetchRequest, Log, Transactor } from "../../../lib/ports/log.ts";
import type { Header } from "../../../lib/records/reader.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";
import type { LogHarness, LogSubject } from "./harness.ts";

/** A record to write: bytes, text (as UTF-8) or null. */
export interface Row {
  readonly key?: string | Uint8Array | null;
  readonly value?: string | Uint8Array | null;
  readonly timestampMs?: number;
  readonly headers?: readonly Header[];
}

/** A record that was read. */
export interface ReadRow {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
}

/** Time of rows that do not give one: long ago, so that no broker finds it in its future. */
export const ROW_TIME_MS = 1_600_000_000_000;

/** How long a call may take on a busy machine. */
const DEADLINE_MS = 20_000;

const run = randomUUID().slice(0, 8);
let names = 0;

const bytes = (value: string | Uint8Array | null | undefined): Uint8Array | null =>
  typeof value === "string" ? Buffer.from(value) : (value ?? null);

/** One encoded batch; text alone stands for the value. */
export function batchOf(rows: readonly (Row | string)[]): RecordWriter {
  const writer = new RecordWriter();
  for (const row of rows) {
    const { key, value, timestampMs = ROW_TIME_MS, headers } = typeof row === "string" ? { value: row } : row;
    writer.append(timestampMs, bytes(key), bytes(value), headers);
  }
  return writer;
}

/** The records of one answer, copied out. */
export function rowsOf(answer: FetchedPartition | undefined): ReadRow[] {
  if (answer?.kind !== "records") throw new Error(`expected records, got ${JSON.stringify(answer)}`);
  const { records } = answer;
  const rows: ReadRow[] = [];
  const slice = (start: number, length: number) =>
    length < 0 ? null : Buffer.from(records.bytes.subarray(start, start + length));
  while (records.advance()) {
    rows.push({
      offset: records.offset,
      timestampMs: records.timestampMs,
      key: slice(records.keyStart, records.keyLength),
      value: slice(records.valueStart, records.valueLength),
      headers: records.headers().map(({ key, value }) => ({ key, value: value === null ? null : Buffer.from(value) })),
    });
  }
  return rows;
}

/** Values of records, as text. */
export const texts = (rows: readonly ReadRow[]): (string | undefined)[] => rows.map(({ value }) => value?.toString());

/** Whatever a promise was rejected with. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => {
      throw new Error(`expected a failure, got ${String(value)}`);
    },
    (error: unknown) => error,
  );
}

/** What the cases of the suite work with: clients, unique names, short ways to write and read. */
export class Scene {
  readonly subject: LogSubject;
  private opened: LogHarness | undefined;
  private first: Log | undefined;
  private readonly clients: Log[] = [];

  constructor(subject: LogSubject) {
    this.subject = subject;
    beforeAll(async () => {
      this.opened = await subject.open();
      this.first = await this.connect();
    });
    afterAll(async () => {
      await Promise.all(this.clients.map((client) => client.close()));
      await this.opened?.close();
    });
  }

  get harness(): LogHarness {
    if (this.opened === undefined) throw new Error("the harness is not open");
    return this.opened;
  }

  /** The client that cases use when it does not matter which. */
  get log(): Log {
    if (this.first === undefined) throw new Error("the harness is not open");
    return this.first;
  }

  async connect(): Promise<Log> {
    const client = await this.harness.connect();
    this.clients.push(client);
    return client;
  }

  /** A name that nothing else has, in this run or another. */
  name(word: string): string {
    names++;
    return `${word}-${run}-${names}`;
  }

  /** A new topic, ready for use. */
  async topic(options: { partitions?: number; configs?: Readonly<Record<string, string>> } = {}): Promise<string> {
    const name = this.name("topic");
    const { partitions = 1, configs = {} } = options;
    // Rows are years old: with the default of a week the broker would delete them under the test.
    const kept = { "retention.ms": "-1", ...configs };
    await this.log.createTopics([{ name, partitions, replicas: -1, configs: kept }]);
    return name;
  }

  async transactor(options: { id?: string; log?: Log; timeoutMs?: number } = {}): Promise<Transactor> {
    const { id = this.name("txn"), log = this.log, timeoutMs = 30_000 } = options;
    return log.transactor({ transactionalId: id, transactionTimeoutMs: timeoutMs, deadlineMs: DEADLINE_MS });
  }

  /** A transactor with an open transaction that has written rows to a topic. */
  async open(
    topic: string,
    rows: readonly (Row | string)[],
    options: { id?: string; partition?: number } = {},
  ): Promise<Transactor> {
    const transactor = await this.transactor(options);
    transactor.begin();
    await this.send(transactor, topic, rows, options.partition);
    return transactor;
  }

  async send(
    transactor: Transactor,
    topic: string,
    rows: readonly (Row | string)[],
    ...[partition = 0]: [partition?: number]
  ): Promise<number> {
    const next = await transactor.send([{ topic, partition, records: batchOf(rows) }]);
    return next.get(partitionKey(topic, partition)) ?? -1;
  }

  /** Rows in a transaction of their own, committed. */
  async write(topic: string, rows: readonly (Row | string)[], partition = 0): Promise<Transactor> {
    const transactor = await this.open(topic, rows, { partition });
    await transactor.commit();
    return transactor;
  }

  /** Rows in a transaction of their own, aborted. */
  async writeAborted(topic: string, rows: readonly (Row | string)[]): Promise<void> {
    const transactor = await this.open(topic, rows);
    await transactor.abort();
  }

  async fetch(positions: Readonly<Record<string, number>>, request: Partial<FetchRequest> = {}, log = this.log) {
    const map = new Map(Object.entries(positions).map(([key, from]) => [key as PartitionKey, from]));
    return log.fetch({ positions: map, maxWaitMs: 0, maxBytes: 8 << 20, maxPartitionBytes: 4 << 20, ...request });
  }

  async offset(topic: string, at: Parameters<Log["offsets"]>[1], partition = 0): Promise<number | undefined> {
    const offsets = await this.log.offsets([{ topic, partition }], at);
    return offsets.get(partitionKey(topic, partition));
  }

  /** Waits until something holds; what the broker does after it answered (markers) takes a moment. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 1_000; tries++) {
      if (await holds()) return;
      await this.harness.pass(10);
    }
    throw new Error(`did not happen: ${what}`);
  }

  /** Waits until no transaction holds the partition back. @returns its end */
  async settled(topic: string, partition = 0): Promise<number> {
    let end = -1;
    await this.until(`transactions on ${topic}-${partition} end`, async () => {
      end = (await this.offset(topic, "hw", partition)) ?? -1;
      return (await this.offset(topic, "lso", partition)) === end;
    });
    return end;
  }

  /** Reads everything committed from an offset to the last stable one. */
  async read(
    topic: string,
    from = 0,
    ...[request]: [request?: Partial<FetchRequest> & { partition?: number }]
  ): Promise<{ rows: ReadRow[]; next: number }> {
    const partition = request?.partition ?? 0;
    const key = partitionKey(topic, partition);
    const rows: ReadRow[] = [];
    let next = from;
    const end = (await this.offset(topic, "lso", partition)) ?? 0;
    for (let fetches = 0; next < end; fetches++) {
      if (fetches > 10_000) throw new Error(`reading ${key} stands still at ${next} of ${end}`);
      const answers = await this.fetch({ [key]: next }, { maxWaitMs: 100, ...request });
      const answer = answers.get(key);
      rows.push(...rowsOf(answer));
      if (answer?.kind === "records") next = answer.next;
    }
    return { rows, next };
  }
}
