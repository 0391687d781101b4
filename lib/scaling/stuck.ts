import type { PinObservation, ScalingMemory, ScalingObservation, StuckPin } from "./types.ts";

/** A pin that stopped is left alone for this long, then twice as long each time, up to the longest. */
const FIRST_HOLD_MS = 1_000;
const LONGEST_HOLD_MS = 5 * 60_000;
/** A pin that moves again and has not stopped for this long starts at the first hold-off the next time. */
const FORGOTTEN_AFTER_MS = 60_000;

/** Which pins get no owner for now. */
export interface StuckDecision {
  readonly stuck: ScalingMemory["stuck"];
  readonly heldOff: ReadonlySet<number>;
  readonly reasons: readonly string[];
}

/**
 * Holds pins off that stopped with a typed error, so that a worker is not started again and again for a record that nobody
 * can process. Pure.
 *
 * A pin stays without owner as long as a worker still reports it, because that worker does not know yet that the plan took
 * it away, and then for the rest of its hold-off.
 */
export function decideStuck(observation: ScalingObservation, memory: ScalingMemory): StuckDecision {
  const elapsedMs = Math.max(0, observation.nowMs - memory.lookedAtMs);
  const codes = new Map(observation.workers.flatMap((row) => row.stopped.map(({ pin, code }) => [pin, code] as const)));
  const stuck: Record<string, StuckPin> = {};
  const heldOff = new Set<number>();
  const reasons: string[] = [];
  for (const seen of observation.pins) {
    const before = memory.stuck[seen.pin];
    const code = codes.get(seen.pin);
    const now = code === undefined ? calmDown(before, seen, elapsedMs) : stopAgain(before, { code, seen, elapsedMs });
    if (now === undefined) continue;
    stuck[seen.pin] = now;
    if (now.isReported || now.leftMs > 0) heldOff.add(seen.pin);
    if (code === undefined || before?.isReported === true) continue;
    reasons.push(`pin ${seen.pin} is STUCK: it stopped with ${code} and is tried again in ${now.holdMs / 1_000} s`);
  }
  return { stuck, heldOff, reasons };
}

function calmDown(before: StuckPin | undefined, seen: PinObservation, elapsedMs: number): StuckPin | undefined {
  if (before === undefined) return undefined;
  const calmMs = before.calmMs + elapsedMs;
  const moves = seen.positionTotal !== undefined && seen.positionTotal > before.positionTotal;
  if (moves && calmMs >= FORGOTTEN_AFTER_MS) return undefined;
  return { ...before, isReported: false, calmMs, leftMs: Math.max(0, before.leftMs - elapsedMs) };
}

function stopAgain(
  before: StuckPin | undefined,
  { code, seen, elapsedMs }: { code: string; seen: PinObservation; elapsedMs: number },
): StuckPin {
  if (before?.isReported === true) return { ...before, leftMs: Math.max(0, before.leftMs - elapsedMs) };
  const holdMs = before === undefined ? FIRST_HOLD_MS : Math.min(LONGEST_HOLD_MS, before.holdMs * 2);
  const positionTotal = seen.positionTotal ?? before?.positionTotal ?? 0;
  return { code, holdMs, leftMs: holdMs, calmMs: 0, isReported: true, positionTotal };
}
