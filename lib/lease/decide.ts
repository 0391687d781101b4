import type { LeaseRow } from "../ports/lease-table.ts";

/** Whether a pin is still ours, after an InitProducerId. */
export type ConfirmDecision =
  /** Ours. The snapshot pointer of this row counts, not the one of the claim. */
  | { readonly kind: "mine"; readonly row: LeaseRow }
  /** Not ours: drop everything, write nothing, leave. */
  | { readonly kind: "not-mine"; readonly row: LeaseRow | undefined };

/**
 * Decides what the strong read that follows **every** InitProducerId says: the producer is now the only one that can
 * write, but only the worker with the newest lease epoch may.
 */
export function decideAfterConfirm(
  row: LeaseRow | undefined,
  me: { readonly worker: string; readonly epoch: number },
): ConfirmDecision {
  const mine = row !== undefined && row.owner === me.worker && row.epoch === me.epoch;
  return mine ? { kind: "mine", row } : { kind: "not-mine", row };
}

/** Whether the epoch of a fresh claim has to be raised before the first commit. */
export type RaiseDecision = { readonly kind: "keep" } | { readonly kind: "raise"; readonly to: number };

/**
 * Decides the epoch to commit with, from every epoch found in the position record, the snapshot pointer and the object
 * keys of the pin. Epochs of commits never go down (I2), also when the lease table was lost or restored from a backup.
 *
 * A first claim always raises: that write also tells later claimers that the epochs were looked for.
 */
export function decideRaise(
  claimed: { readonly epoch: number; readonly first: boolean },
  foundEpochs: readonly number[],
): RaiseDecision {
  const highest = foundEpochs.reduce((high, epoch) => Math.max(high, epoch), claimed.epoch);
  if (claimed.first || highest > claimed.epoch) return { kind: "raise", to: highest + 1 };
  return { kind: "keep" };
}
