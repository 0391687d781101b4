import type { Duration } from "../core/duration.ts";
import type { Pair } from "../operators/map.ts";
import type { DistinctBy, DistinctOptions } from "./distinct.ts";
import { distinctStream } from "./distinct.ts";
import type { GroupedWithinOptions } from "./grouped-within.ts";
import { groupedWithinStream } from "./grouped-within.ts";
import type { AsyncMapper, AsyncOptions } from "./map-values-async.ts";
import { asyncOperator } from "./map-values-async.ts";
import { prefixes } from "./prefixes.ts";
import type { KStream } from "./stream.ts";
import { StreamRoutes } from "./stream-routes.ts";

/** What a stream can go through that Kafka Streams does not have: the part of `KStream` that `docs/extras.md` is about. */
export abstract class StreamStages<K, V> extends StreamRoutes<K, V> {
  /**
   * Drops records that came before: of those with one key, and one id where `by` gives one, whose timestamps are less than
   * `within` apart, the first to come goes on. A stream whose key has changed goes through a repartition topic first.
   *
   * Null keys are dropped, and so is what is older than stream time minus `grace`: `onLate` gets it.
   *
   * @throws {StreamError} `CONFIG_INVALID` for `within` 0, `TOPOLOGY_INVALID` without a serde that is needed
   * @example
   * const once = orders.distinct({ within: "10m", grace: "1m", by: (order) => order.total, id: int64(), store: "orders-seen" });
   */
  distinct<I>(options: DistinctOptions<K, V> & DistinctBy<K, V, I>): KStream<K, V>;
  distinct(options: DistinctOptions<K, V>): KStream<K, V>;
  distinct(options: DistinctOptions<K, V> & Partial<DistinctBy<K, V, unknown>>): KStream<K, V> {
    return this.follow<K, V>(distinctStream(this.props, options));
  }

  /**
   * Replaces the value by what an asynchronous function answers. Calls are made for records that come next, `concurrency` at a
   * time for each input partition, before they are taken: no transaction waits for one, and none is open for it. Records stay in
   * their order; of one key one call runs at a time. The value serde is dropped.
   *
   * A call that fails, or takes longer than `timeout`, goes to the processing exception handler when the record's turn comes. **A
   * call may be made more than once for a record**, because workers die and transactions are aborted; its result counts once.
   *
   * @param mapper Gets value, key and `{ signal }`, which aborts when the answer is not wanted any more.
   * @throws {StreamError} `TOPOLOGY_INVALID` unless this is the stream of a topic: call `repartition` first, `CONFIG_INVALID`
   * @example
   * const priced = orders.mapValuesAsync(async (order) => ({ ...order, priced: true }), { concurrency: 8, timeout: "2s" });
   */
  mapValuesAsync<V2>(mapper: AsyncMapper<K, V, V2>, options: AsyncOptions = {}): KStream<K, V2> {
    const operator = asyncOperator(this.props, mapper, options);
    return this.add({ prefix: prefixes.mapValuesAsync, operator, options, changes: { value: true } });
  }

  /**
   * Collects records into groups: one goes on when it has `max` records, or `within` after its first one, by the wall clock.
   * A group is the list of a key's values; with `per: "partition"` it is a list of keys and values, whatever their keys.
   *
   * A record is in exactly one group, whatever is restarted: what waits is in a store, and the timer in the position. A group
   * has the largest timestamp of its records and no headers. Records without a key are dropped, unless groups are of partitions.
   *
   * @param max Records at most in a group.
   * @throws {StreamError} `CONFIG_INVALID` for limits below 1, `TOPOLOGY_INVALID` without a serde that is needed
   * @example
   * const batches = orders.groupedWithin(500, "200ms", { per: "partition", store: "orders-waiting" });
   * const perCity = orders.groupedWithin(10, "5s").mapValues((some) => some.length);
   */
  groupedWithin(
    max: number,
    within: Duration,
    options: GroupedWithinOptions<K, V> & { readonly per: "partition" },
  ): KStream<K, readonly Pair<K, V>[]>;
  groupedWithin(max: number, within: Duration, options?: GroupedWithinOptions<K, V>): KStream<K, readonly V[]>;
  groupedWithin(max: number, within: Duration, options: GroupedWithinOptions<K, V> = {}): KStream<K, never> {
    return this.follow<K, never>(groupedWithinStream(this.props, { max, within }, options));
  }
}
