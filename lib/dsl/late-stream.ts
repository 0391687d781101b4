import { passThrough } from "../operators/pass-through.ts";
import type { Graph } from "./graph.ts";
import { prefixes } from "./prefixes.ts";
import type { StreamProps } from "./stream.ts";
import { KStream } from "./stream.ts";

/** What becomes of records that come too late. */
export interface LateOptions<K, V> {
  /**
   * Gets the stream of records that come too late and are dropped for it: each as it came, with its key, value, timestamp and
   * headers.
   */
  onLate?(late: KStream<K, V>): void;
}

/** The name of a node for late records, where somebody asks for them. */
export function lateNode<K, V>(graph: Graph, { onLate }: LateOptions<K, V>, name?: string): string | undefined {
  return onLate === undefined ? undefined : graph.nodeName(prefixes.late, name && `${name}-late`);
}

/** Adds the node of late records below those that let go of them, and hands out its stream. */
export function addLateStream<K, V>(
  stream: Omit<StreamProps, "node" | "rekeyed">,
  { late, parents }: { readonly late: string | undefined; readonly parents: readonly string[] },
  { onLate }: LateOptions<K, V>,
): void {
  if (late === undefined || onLate === undefined) return;
  stream.graph.addProcessor({ name: late, parents, resolve: () => ({ operator: passThrough }) });
  onLate(new KStream<K, V>({ ...stream, node: late, rekeyed: false }));
}
