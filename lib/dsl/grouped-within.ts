import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import { groupedWithin } from "../operators/grouped-within.ts";
import type { Serde } from "../serde/serde.ts";
import { recordGroup } from "../state/record-group.ts";
import type { StoreOptions } from "./grouped-stream.ts";
import { rowStore } from "./kept-store.ts";
import { prefixes } from "./prefixes.ts";
import { given, needed, replaced, withoutValue } from "./serdes.ts";
import type { StreamProps } from "./stream.ts";
import type { KeyedOptions } from "./stream-table-join.ts";
import { keyedStream } from "./stream-table-join.ts";

/** How groups are kept, and what they are of. Serdes are needed where the stream does not know them any more. */
export interface GroupedWithinOptions<K, V> extends StoreOptions, KeyedOptions<K, V> {
  /** Records of one key (default), or all that a partition has. */
  readonly per?: "key" | "partition";
}

/** When a group goes on. */
interface GroupLimits {
  readonly max: number;
  readonly within: Duration;
}

/** Adds a node that collects records into groups, and the store in which they wait. */
export function groupedWithinStream<K, V>(
  stream: StreamProps,
  { max, within }: GroupLimits,
  options: GroupedWithinOptions<K, V>,
): StreamProps {
  const { graph } = stream;
  const { name, store: named, logged, per = "key" } = options;
  const withinMs = durationMs(within, "within of groupedWithin");
  if (!Number.isSafeInteger(max) || max < 1 || withinMs === 0) {
    throw new StreamError(
      "CONFIG_INVALID",
      `groupedWithin has groups of ${max} records within ${withinMs} ms: give a whole number above 0, and a span above 0 ms`,
      { details: { max, withinMs } },
    );
  }
  const topic = { topicName: name ?? stream.node, call: "groupedWithin" };
  const known = per === "key" ? keyedStream(stream, options, topic) : withGiven(stream, options);
  const store = named ?? graph.storeName(prefixes.groupedWithin);
  const node = graph.nodeName(prefixes.groupedWithin, name);
  const keySerde = needed(known.serdes, "key", { node, fix: "groupedWithin(…, { key })" });
  const valueSerde = needed(known.serdes, "value", { node, fix: "groupedWithin(…, { value })" });
  const spec = rowStore(store, { keySerde, valueSerde: recordGroup(valueSerde) as Serde<unknown>, logged });
  const operator = groupedWithin({ store, keySerde, max, withinMs, per });
  graph.addProcessor({ name: node, parents: [known.node], resolve: () => ({ operator, store: spec }) });
  const sourceKeyed = known.sourceKeyed && per === "key";
  return { ...known, node, serdes: withoutValue(known.serdes, node), sourceKeyed };
}

/** Groups of a partition need not be repartitioned: they are of whatever is there. */
function withGiven(stream: StreamProps, options: object): StreamProps {
  return { ...stream, serdes: replaced(stream.serdes, given(options)) };
}
