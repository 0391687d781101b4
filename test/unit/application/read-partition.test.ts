import { expect, test } from "vitest";
import { createMemoryBroker } from "../../../lib/adapters/memory/log/broker.ts";
import { systemClock, systemRandom } from "../../../lib/adapters/system/clock.ts";
import { type PartitionRange, readPartition } from "../../../lib/application/read-partition.ts";
import type { Log } from "../../../lib/ports/log.ts";
import { RecordWriter } from "../../../lib/records/writer.ts";

/** Transactions of one record each: 0 and its marker 1, an aborted 2 and its marker 3, 4 and 5, and 6, which stays open. */
async function written(): Promise<Log> {
  const log = createMemoryBroker({ clock: systemClock, random: systemRandom }).connect();
  await log.createTopics([{ name: "in", partitions: 1, replicas: -1, configs: {} }]);
  const options = { transactionTimeoutMs: 60_000, deadlineMs: 60_000 };
  const transactor = await log.transactor({ transactionalId: "writer", ...options });
  for (const end of ["commit", "abort", "commit", "stay-open"] as const) {
    const records = new RecordWriter();
    records.append(1_000, null, Buffer.from(end));
    transactor.begin();
    await transactor.send([{ topic: "in", partition: 0, records }]);
    if (end !== "stay-open") await transactor[end]();
  }
  return log;
}

test.for<{ range: Omit<PartitionRange, "topic" | "partition">; offsets: number[]; next: number }>([
  { range: {}, offsets: [0, 4], next: 6 },
  { range: { from: 1 }, offsets: [4], next: 6 },
  { range: { from: 5 }, offsets: [], next: 6 },
  { range: { from: 6 }, offsets: [], next: 6 },
  { range: { to: 4 }, offsets: [0], next: 6 },
  { range: { from: 0, to: 0 }, offsets: [], next: 0 },
])("reads what is committed in $range", async ({ range, offsets, next }) => {
  const log = await written();
  const read: number[] = [];
  const reached = await readPartition(log, { topic: "in", partition: 0, ...range }, ({ offset }) => read.push(offset));
  expect([read, reached]).toEqual([offsets, next]);
});

test("says what it could not read", async () => {
  const log = await written();
  const reading = readPartition(log, { topic: "in", partition: 0, to: 9 }, () => undefined);
  await expect(reading).rejects.toMatchObject({
    code: "LOG_UNAVAILABLE",
    message: "LOG_UNAVAILABLE: cannot read in-0 from 6 to 9",
    details: { topic: "in", partition: 0, offset: 6, end: 9 },
  });
});
