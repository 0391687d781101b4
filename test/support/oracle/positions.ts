import { isDeepStrictEqual } from "node:util";
import { decodePosition, type Position } from "../../../lib/application/position.ts";
import type { PartitionKey } from "../../../lib/core/ids.ts";
import type { Log } from "../../../lib/ports/log.ts";
import { forEachCommitted, keyTextOf, Violations, valueBytes } from "./committed.ts";

/** Every committed position of an application, in order per pin, without guesses that their transaction corrected. */
export async function readPositions(log: Log, topic: string, pins: number): Promise<readonly (readonly Position[])[]> {
  const all: Position[][] = [];
  for (let pin = 0; pin < pins; pin++) {
    const positions: Position[] = [];
    await forEachCommitted(log, { topic, partition: pin }, (record) => {
      if (keyTextOf(record) !== String(pin))
        throw new Error(`${topic}-${pin}@${record.offset} has key ${keyTextOf(record)}`);
      const position = decodePosition(valueBytes(record) ?? Buffer.alloc(0));
      if (corrects(position, positions.at(-1))) positions.pop();
      positions.push(position);
    });
    all.push(positions);
  }
  return all;
}

/**
 * True when a transaction wrote `before` with ends of changelogs that it had guessed, and `position` with the right ones: all
 * else is the same. Anything else that repeats the number of a transaction is a violation.
 */
export function corrects(position: Position, before: Position | undefined): boolean {
  if (before === undefined || position.transaction !== before.transaction) return false;
  const { changelogs: right, ...rest } = position;
  const { changelogs: guessed, ...same } = before;
  return !isDeepStrictEqual(right, guessed) && isDeepStrictEqual(rest, same);
}

/**
 * I2 and I3: transactions are numbered without a gap, epochs never go down, and no input, changelog or time goes back.
 *
 * @param inputs every input partition of a pin: each stands in every position from the birth commit on
 */
export function positionViolations(
  pin: number,
  positions: readonly Position[],
  inputs: readonly PartitionKey[],
): readonly string[] {
  const found = new Violations();
  if (positions.length === 0) found.add(`pin ${pin} never committed`);
  let before: Position | undefined;
  for (const position of positions) {
    const name = `pin ${pin} transaction ${position.transaction}`;
    if (position.pin !== pin) found.add(`${name} was written by pin ${position.pin}`);
    if (position.transaction !== (before?.transaction ?? 0) + 1)
      found.add(
        `I3: ${name} follows ${before?.transaction ?? "nothing"}: ${JSON.stringify(position)} after ${JSON.stringify(before)}`,
      );
    if (position.epoch < (before?.epoch ?? 1))
      found.add(`I2: ${name} has epoch ${position.epoch} after ${before?.epoch}`);
    for (const key of inputs)
      if (position.inputs[key] === undefined) found.add(`I3: ${name} does not say where ${key} is`);
    for (const what of ["inputs", "changelogs", "partitionTimes", "storeTimes"] as const) {
      for (const [key, earlier] of Object.entries(before?.[what] ?? {})) {
        const now = (position[what] as Readonly<Record<string, number>>)[key];
        if (now === undefined || now < earlier) found.add(`I3: ${name}: ${what} ${key} goes from ${earlier} to ${now}`);
      }
    }
    before = position;
  }
  return found.list;
}
