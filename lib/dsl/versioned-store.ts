import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";

/** A versioned store: made by `versionedKeyValue`. */
export interface VersionedStoreName {
  readonly kind: "versioned";
  readonly name: string;
  readonly historyRetentionMs: number;
}

/**
 * A store that keeps the history of its rows: a table with it answers a stream's records as of their own time, and its
 * aggregations and joins ignore updates that come out of order. An update that is older than the history is dropped.
 *
 * @param historyRetention How long a row that was replaced is kept, in stream time. It cannot be changed later.
 * @throws {StreamError} `CONFIG_INVALID` for a duration that is none
 * @source Kafka Streams `Stores.persistentVersionedKeyValueStore`
 * @example
 * builder.table("prices", { key: string(), value: float64(), store: versionedKeyValue("prices", "1h") });
 */
export function versionedKeyValue(name: string, historyRetention: Duration): VersionedStoreName {
  const historyRetentionMs = durationMs(historyRetention, "historyRetention of versionedKeyValue");
  return Object.freeze<VersionedStoreName>({ kind: "versioned", name, historyRetentionMs });
}
