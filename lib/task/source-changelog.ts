import type { TaskChangelog } from "../application/plan.ts";
import type { PartitionKey } from "../core/ids.ts";
import type { Log } from "../ports/log.ts";
import type { RowSink, StoreSpec } from "../state/store.ts";

/**
 * `delete.retention.ms` that a source topic is taken to have: Kafka's default. After half of it a snapshot of a store that is restored from
 * one is too old.
 */
export const SOURCE_DELETE_RETENTION_MS = 86_400_000;

/** Where source topics that are changelogs begin: what lay before was never a row, or was replaced. */
export async function sourceStarts(
  log: Pick<Log, "offsets">,
  changelogs: readonly TaskChangelog[],
): Promise<ReadonlyMap<PartitionKey, number>> {
  const sources = changelogs.filter(({ isSource }) => isSource);
  return sources.length === 0 ? new Map() : await log.offsets(sources, "earliest");
}

/**
 * Takes rows from a source topic as a table takes records: what cannot be read was skipped by an exception handler when it was
 * processed, and so were negative timestamps.
 */
export function readableRows({ keySerde, valueSerde }: StoreSpec, store: RowSink): RowSink {
  return {
    /** @hotPath once per restored row */
    row(keyText, bytes, valueStart, valueLength, timestampMs) {
      if (timestampMs < 0) return;
      try {
        const key = Buffer.from(keyText, "latin1");
        keySerde.read(key, 0, key.length);
        if (valueLength >= 0) valueSerde.read(bytes, valueStart, valueStart + valueLength);
      } catch {
        return;
      }
      store.row(keyText, bytes, valueStart, valueLength, timestampMs);
    },
  };
}
