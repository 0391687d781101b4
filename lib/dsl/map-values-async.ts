import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import { mapValuesAsync } from "../operators/map-values-async.ts";
import type { Operator } from "../topology/operator.ts";
import type { Named, StreamProps } from "./stream.ts";

/** How an asynchronous function is called. */
export interface AsyncOptions extends Named {
  /** Records of an input partition that are looked ahead at, and so calls at a time; 16 without it. */
  readonly concurrency?: number;
  /** How long a call may take; 30 seconds without it. One that takes longer has failed. */
  readonly timeout?: Duration;
}

/** What a call gets beside value and key. */
export interface AsyncCall {
  /** Aborts when the answer is not wanted any more: it is late, or another worker goes on. */
  readonly signal: AbortSignal;
}

/** An asynchronous function of a value. */
export type AsyncMapper<K, V, V2> = (value: V, key: K, call: AsyncCall) => Promise<V2>;

const CONCURRENCY = 16;
const TIMEOUT = "30s";

/**
 * The operator of an asynchronous map.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID` when the stream is not that of a topic, `CONFIG_INVALID` for limits below 1
 */
export function asyncOperator<K, V, V2>(
  { node, sources }: StreamProps,
  mapper: AsyncMapper<K, V, V2>,
  options: AsyncOptions,
): Operator {
  const { concurrency = CONCURRENCY, timeout = TIMEOUT } = options;
  const timeoutMs = durationMs(timeout, "timeout of mapValuesAsync");
  if (!sources.includes(node)) {
    const what = `mapValuesAsync calls for records before they are taken from a topic, and ${node} stands between: call it on the stream of a topic, or after repartition()`;
    throw new StreamError("TOPOLOGY_INVALID", what, { details: { node } });
  }
  if (!Number.isSafeInteger(concurrency) || concurrency < 1 || timeoutMs === 0) {
    const what = `mapValuesAsync has concurrency ${concurrency} and a timeout of ${timeoutMs} ms: give whole numbers above 0`;
    throw new StreamError("CONFIG_INVALID", what, { details: { concurrency, timeoutMs } });
  }
  const call = (value: unknown, key: unknown, signal: AbortSignal) => mapper(value as V, key as K, { signal });
  return mapValuesAsync({ call, concurrency, timeoutMs });
}
