import type { TaskInput } from "../application/plan.ts";
import { StreamError } from "../core/errors.ts";
import type { PartitionKey } from "../core/ids.ts";
import type { Log, OffsetAt } from "../ports/log.ts";
import { type OffsetReset, resetDurationMs } from "../topology/offset-reset.ts";

/**
 * Where inputs start that no position knows, by what their sources say.
 *
 * @throws {StreamError} `OFFSET_UNKNOWN` for an input that is to start nowhere
 */
export async function inputStarts(
  log: Log,
  inputs: readonly TaskInput[],
  nowMs: number,
): Promise<ReadonlyMap<PartitionKey, number>> {
  const starts = new Map<PartitionKey, number>();
  for (const reset of new Set(inputs.map(({ offsetReset }) => offsetReset))) {
    const alike = inputs.filter(({ offsetReset }) => offsetReset === reset);
    const at = whereOf(reset, nowMs);
    if (at === undefined) throw nowhere(alike);
    for (const [key, offset] of await log.offsets(alike, at)) starts.set(key, offset);
  }
  return starts;
}

function whereOf(reset: OffsetReset, nowMs: number): OffsetAt | undefined {
  if (reset === "earliest") return "earliest";
  if (reset === "latest") return "lso";
  const backMs = resetDurationMs(reset);
  return backMs === undefined ? undefined : { timestampMs: Math.max(0, nowMs - backMs) };
}

function nowhere(inputs: readonly TaskInput[]): StreamError {
  const partitions = inputs.map(({ key }) => key);
  return new StreamError(
    "OFFSET_UNKNOWN",
    `${partitions.join(", ")} was never read and its offset reset is "none": deploy once with an offsetReset that says where to start`,
    { details: { partitions } },
  );
}
