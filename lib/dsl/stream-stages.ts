import type { DistinctBy, DistinctOptions } from "./distinct.ts";
import { distinctStream } from "./distinct.ts";
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
}
