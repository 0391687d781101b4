import type { RowBucket } from "./bucket.ts";
import { int64FromText, int64Text } from "./int64-text.ts";
import { lowerBound } from "./ordered-keys.ts";
import type { RowLayers } from "./row-layers.ts";
import { keyOfSessionKey } from "./session-key.ts";

const TIME_LENGTH = 8;
const PREFIX_LENGTH = 2 * TIME_LENGTH;

/**
 * The sessions that exist, of all keys, by end, start, key: as keys whose byte order this is, end and start (int64) in front. A
 * bucket is sorted when it is first asked for, and kept up from then on: mostly that is when its sessions have closed.
 *
 * @source Kafka Streams `PrefixedSessionKeySchemas.TimeFirstSessionKeySchema`
 */
export class SessionOrder {
  private readonly layers: Pick<RowLayers, "isPresent" | "rows">;
  private readonly sorted = new WeakMap<RowBucket, string[]>();

  constructor(layers: Pick<RowLayers, "isPresent" | "rows">) {
    this.layers = layers;
  }

  /** Must be told of every session that appears. */
  add(slot: number): void {
    const keys = this.sorted.get(this.layers.rows.bucket(slot));
    if (keys === undefined) return;
    const key = this.keyOf(slot);
    const at = lowerBound(keys, key);
    if (keys[at] !== key) keys.splice(at, 0, key);
  }

  /** Must be told of every session that vanishes, other than with its bucket. */
  remove(slot: number): void {
    const keys = this.sorted.get(this.layers.rows.bucket(slot));
    if (keys === undefined) return;
    const key = this.keyOf(slot);
    const at = lowerBound(keys, key);
    if (keys[at] === key) keys.splice(at, 1);
  }

  /** Sessions of a bucket with `fromEndMs <= end <= toEndMs`, as they are now: `[key, start, end]`. */
  *between(bucket: RowBucket, fromEndMs: number, toEndMs: number): IterableIterator<readonly [string, number, number]> {
    const keys = this.keysOf(bucket);
    const from = lowerBound(keys, int64Text(Math.max(0, fromEndMs)));
    const to = toEndMs >= bucket.startMs ? keys.length : lowerBound(keys, int64Text(Math.max(0, toEndMs + 1)));
    for (const key of keys.slice(from, to)) {
      yield [key.slice(PREFIX_LENGTH), int64FromText(key, TIME_LENGTH), int64FromText(key, 0)];
    }
  }

  private keysOf(bucket: RowBucket): string[] {
    let keys = this.sorted.get(bucket);
    if (keys === undefined) {
      const { layers } = this;
      const slots = layers.rows.slotsOf(bucket).filter((slot) => layers.isPresent(slot));
      keys = slots.map((slot) => this.keyOf(slot)).sort();
      this.sorted.set(bucket, keys);
    }
    return keys;
  }

  private keyOf(slot: number): string {
    const changelogKey = this.layers.rows.keyText(slot);
    const keyText = keyOfSessionKey(changelogKey);
    return changelogKey.slice(keyText.length) + keyText;
  }
}
