import { RecordWriter } from "../../lib/records/writer.ts";
import { int64 } from "../../lib/serde/int64.ts";
import { string } from "../../lib/serde/string.ts";
import { keyedRandom } from "./keyed-random.ts";
import { PARTITIONS, type World } from "./world.ts";

/** A record that was committed to the input. */
export interface InputRecord {
  readonly partition: number;
  readonly key: string;
  readonly value: number;
}

const TRANSACTIONS = 90;

/**
 * Writes numbers with a transactional producer: bursts and pauses, some transactions aborted, markers everywhere.
 *
 * A key always goes to the same partition. Values are unique, so a lost, doubled or torn record shows.
 */
export async function produceNumbers(world: World): Promise<readonly InputRecord[]> {
  const draw = keyedRandom(world.seed, "producer");
  let index = 0;
  const next = () => draw(index++);
  const written: InputRecord[] = [];
  const transactor = await world.log.transactor({
    transactionalId: "producer",
    transactionTimeoutMs: 60_000,
    deadlineMs: 60_000,
  });
  let value = 1;
  for (let transaction = 0; transaction < TRANSACTIONS; transaction++) {
    await world.clock.sleep(next() < 0.1 ? 1_500 * next() : 300 * next());
    const records: InputRecord[] = Array.from({ length: 1 + Math.floor(next() * 8) }, () => {
      const partition = Math.floor(next() * PARTITIONS);
      return { partition, key: `k${partition}-${Math.floor(next() * 6)}`, value: value++ };
    });
    transactor.begin();
    await transactor.send(toBatches(records, world.clock.nowMs()));
    if (next() < 0.15) await transactor.abort();
    else {
      await transactor.commit();
      written.push(...records);
    }
  }
  return written;
}

function toBatches(records: readonly InputRecord[], nowMs: number) {
  const writers = new Map<number, RecordWriter>();
  for (const record of records) {
    const writer = writers.get(record.partition) ?? new RecordWriter();
    writers.set(record.partition, writer);
    writer.openRecord(nowMs);
    string().write(record.key, writer.sink);
    writer.endKey();
    int64().write(record.value, writer.sink);
    writer.endValue();
    writer.closeRecord();
  }
  return [...writers].map(([partition, writer]) => ({ topic: "numbers", partition, records: writer }));
}
