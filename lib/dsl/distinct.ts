import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import type { DistinctId } from "../operators/distinct.ts";
import { distinct } from "../operators/distinct.ts";
import { bytes } from "../serde/bytes.ts";
import { keyText } from "../serde/foreign-key.ts";
import type { SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { StoreSpec } from "../state/store.ts";
import type { StoreOptions } from "./grouped-stream.ts";
import type { LateOptions } from "./late-stream.ts";
import { addLateStream, lateNode } from "./late-stream.ts";
import { prefixes } from "./prefixes.ts";
import { needed } from "./serdes.ts";
import type { StreamProps } from "./stream.ts";
import type { KeyedOptions } from "./stream-table-join.ts";
import { keyedStream } from "./stream-table-join.ts";

/** Which records are the same, and for how long that matters. Serdes are needed as in a join. */
export interface DistinctOptions<K, V> extends StoreOptions, KeyedOptions<K, V>, LateOptions<K, V> {
  /** Records of a key that are less than this apart are compared. */
  readonly within: Duration;
  /** How late a record may be and still be compared. No default: later ones are dropped. */
  readonly grace: Duration;
}

/** What makes two records of a key the same. */
export interface DistinctBy<K, V, I> {
  by(value: V, key: K): I;
  /** A serde, or a schema, of what `by` answers: records are the same when its bytes are. */
  readonly id: SerdeLike<I>;
}

/** Adds a node that drops records which came before, and its store. */
export function distinctStream<K, V>(
  stream: StreamProps,
  options: DistinctOptions<K, V> & Partial<DistinctBy<K, V, unknown>>,
): StreamProps {
  const { graph } = stream;
  const { name, store: given, logged = true, by, id } = options;
  const withinMs = durationMs(options.within, "within of distinct");
  const graceMs = durationMs(options.grace, "grace of distinct");
  if (withinMs === 0) throw new StreamError("CONFIG_INVALID", "distinct has within 0 ms: it must be above 0");
  const keyed = keyedStream(stream, options, { topicName: name ?? stream.node, call: "distinct" });
  const store = given ?? graph.storeName(prefixes.distinct);
  const node = graph.nodeName(prefixes.distinct, name);
  const keySerde = needed(keyed.serdes, "key", { node, fix: "distinct({ key })" });
  const late = lateNode(graph, options, name);
  const known: DistinctId<K, V> | undefined = by && {
    by: (value, record) => by(value, record),
    serde: asSerde(id as SerdeLike<unknown>),
  };
  const spec: StoreSpec = {
    name: store,
    type: "window",
    keySerde: known === undefined ? keySerde : keyText,
    valueSerde: bytes() as Serde<unknown>,
    logged,
    windowSizeMs: withinMs,
    retentionMs: withinMs + graceMs,
  };
  const { sourceKeyed } = keyed;
  const operator = distinct<K, V>({ store, keySerde, sourceKeyed, withinMs, graceMs, id: known, late });
  graph.addProcessor({ name: node, parents: [keyed.node], resolve: () => ({ operator, store: spec }) });
  graph.addCopartitionGroup(keyed.sources);
  addLateStream(keyed, { late, parents: [node] }, options);
  return { ...keyed, node };
}
