import { readPartition } from "../../lib/application/read-partition.ts";
import type { Log } from "../../lib/ports/log.ts";

/** A committed record as checks read it. */
export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  /** Null for a tombstone. */
  readonly value: Buffer | null;
  readonly timestampMs: number;
}

/** Every committed record of a topic, in order per partition. */
export async function readAll(log: Log, topic: string): Promise<readonly ReadRecord[]> {
  const found: ReadRecord[] = [];
  const partitions = (await log.describe([topic])).get(topic)?.partitions ?? 0;
  for (let partition = 0; partition < partitions; partition++) {
    await readPartition(log, { topic, partition }, (record) => {
      const { bytes, offset, timestampMs, keyStart, keyLength, valueStart, valueLength } = record;
      const value = valueLength < 0 ? null : Buffer.from(bytes.subarray(valueStart, valueStart + valueLength));
      found.push({ partition, offset, key: bytes.latin1Slice(keyStart, keyStart + keyLength), value, timestampMs });
    });
  }
  return found;
}
