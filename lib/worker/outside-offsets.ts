import { readNewestPosition } from "../application/newest-position.ts";
import type { ApplicationPlan } from "../application/plan.ts";
import { StreamError } from "../core/errors.ts";
import { type PartitionKey, parsePartitionKey } from "../core/ids.ts";
import type { Log } from "../ports/log.ts";

/**
 * Finds group offsets that somebody else moved forward: ahead of what the pins have processed.
 *
 * The mirror writes committed positions only, and positions never go back. So an offset that is above a position which was
 * read *later* cannot be ours, however long anybody was frozen in between. Offsets that were moved *back* cannot be told from
 * a late mirror of a former owner; see docs/ROADMAP.md. Either way the position counts and the next mirror overwrites them.
 *
 * @param known where the pins are, as far as this worker knows
 * @returns one `OFFSETS_CHANGED_OUTSIDE` per partition
 */
export async function findOutsideOffsets(
  log: Log,
  app: ApplicationPlan,
  known: ReadonlyMap<PartitionKey, number>,
): Promise<readonly StreamError[]> {
  const found = await log.committed(app.applicationId, [...known.keys()].map(parsePartitionKey));
  const suspects = [...known].filter(([key, position]) => (found.get(key) ?? -1) > position).map(([key]) => key);
  const errors: StreamError[] = [];
  for (const key of suspects) {
    const { topic, partition } = parsePartitionKey(key);
    const pin = partition % app.pinCount;
    const position = (await readNewestPosition(log, app.positionsTopic, pin))?.inputs[key];
    const offset = found.get(key) as number;
    if (position === undefined || offset <= position) continue;
    const what = `the offset of group ${app.applicationId} on ${topic}-${partition} was set to ${offset} by something else; the application is at ${position}`;
    errors.push(
      new StreamError(
        "OFFSETS_CHANGED_OUTSIDE",
        `${what} and goes on there: use "millrace reset" to move it, group offsets are only a mirror`,
        { details: { topic, partition, offset, position } },
      ),
    );
  }
  return errors;
}
