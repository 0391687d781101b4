import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";
import type { KeyedStore } from "../operators/keyed-store.ts";
import { withRowTtl } from "../operators/row-ttl.ts";
import type { Operator } from "../topology/operator.ts";

/** How long the rows of a table live. */
export interface TtlOptions {
  /**
   * A row that is not updated for so long, in stream time, is deleted in the store and downstream; the next record of its key
   * begins anew. Without it rows stay until they are deleted.
   */
  readonly ttl?: Duration | undefined;
}

/**
 * The operator of a table, with the end of its rows where one is wanted.
 *
 * @throws {StreamError} `CONFIG_INVALID` for 0
 */
export function endingRows(
  operator: Operator,
  { ttl }: TtlOptions,
  { kept, sendsOldValues }: { readonly kept: KeyedStore; readonly sendsOldValues: boolean },
): Operator {
  if (ttl === undefined) return operator;
  const ttlMs = durationMs(ttl, "ttl");
  if (ttlMs === 0) throw new StreamError("CONFIG_INVALID", `ttl of store ${kept.store} is 0 ms: it must be above 0`);
  return withRowTtl(operator, { ...kept, ttlMs, sendsOldValues });
}
