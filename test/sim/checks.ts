import { decodePosition, type Position } from "../../lib/application/position.ts";
import { partitionKey } from "../../lib/core/ids.ts";
import { corrects } from "../support/oracle/positions.ts";
import { type ReadRecord, readAll } from "./read-all.ts";
import type { InputRecord } from "./workload.ts";
import { PARTITIONS, type World } from "./world.ts";

/** Checks a finished run against the invariants. @returns violations, empty when all hold */
export async function violations(world: World, input: readonly InputRecord[]): Promise<string[]> {
  const found = [...world.errors.map((error) => `a pin stopped: ${error}`)];
  const positions = await readAll(world.log, "sim-positions");
  const newest = checkPositions(positions, found);
  checkCounts(await readAll(world.log, "counts-out"), input, found);
  checkSums(await readAll(world.log, "sums-out"), input, found);
  for (const store of ["counts", "sums"]) {
    const changelog = await readAll(world.log, `sim-${store}-changelog`);
    checkFold(store, changelog, { input, found });
    checkEnds(store, changelog, { newest, found });
  }
  await checkDrained(world, newest, found);
  return found;
}

function int64(bytes: Buffer | null): number {
  return bytes === null ? Number.NaN : Number(bytes.readBigInt64BE());
}

/** I2, I3: epochs never go down, transactions are numbered without gaps, no input offset goes back. */
function checkPositions(records: readonly ReadRecord[], found: string[]): ReadonlyMap<number, Position> {
  const newest = new Map<number, Position>();
  for (const record of records) {
    const position = decodePosition(record.value as Buffer);
    const before = newest.get(record.partition);
    if (corrects(position, before)) {
      newest.set(record.partition, position);
      continue;
    }
    const name = `pin ${record.partition} transaction ${position.transaction}`;
    if (position.pin !== record.partition) found.push(`${name} was written by pin ${position.pin}`);
    if (position.transaction !== (before?.transaction ?? 0) + 1)
      found.push(`I3: ${name} follows ${before?.transaction ?? 0}`);
    if (position.epoch < (before?.epoch ?? 0))
      found.push(`I2: ${name} has epoch ${position.epoch} after ${before?.epoch}`);
    for (const [key, offset] of Object.entries(before?.inputs ?? {})) {
      if ((position.inputs[key as keyof typeof position.inputs] ?? -1) < offset)
        found.push(`I3: ${name} goes back on ${key}`);
    }
    newest.set(record.partition, position);
  }
  return newest;
}

/** I1, I3 for the count: per key the output is exactly 1, 2, 3, …, as many as records went in. */
function checkCounts(outputs: readonly ReadRecord[], input: readonly InputRecord[], found: string[]): void {
  const expected = new Map<string, number>();
  for (const { key } of input) expected.set(key, (expected.get(key) ?? 0) + 1);
  const seen = new Map<string, number>();
  for (const { key, value } of outputs) {
    const before = seen.get(key) ?? 0;
    if (int64(value) !== before + 1) found.push(`counts-out: ${key} says ${int64(value)} after ${before}`);
    seen.set(key, int64(value));
  }
  for (const [key, count] of expected)
    if (seen.get(key) !== count) found.push(`counts-out: ${key} ends at ${seen.get(key)}, expected ${count}`);
}

/** Behind the repartition the order is free: every step adds one input value, and the end is the sum of all. */
function checkSums(outputs: readonly ReadRecord[], input: readonly InputRecord[], found: string[]): void {
  const open = new Map<string, Set<number>>();
  for (const { value } of input) {
    const group = `g${value % 5}`;
    const values = open.get(group) ?? new Set();
    open.set(group, values.add(value));
  }
  const seen = new Map<string, number>();
  for (const { key, value } of outputs) {
    const step = int64(value) - (seen.get(key) ?? 0);
    if (!open.get(key)?.delete(step))
      found.push(`sums-out: ${key} grew by ${step}, which is no input value that is left`);
    seen.set(key, int64(value));
  }
  for (const [group, left] of open)
    if (left.size > 0) found.push(`sums-out: ${group} never added ${[...left].slice(0, 5).join(", ")}`);
}

/** I1: the fold of the changelog is the state that the outputs say. */
function checkFold(
  store: string,
  changelog: readonly ReadRecord[],
  { input, found }: { input: readonly InputRecord[]; found: string[] },
): void {
  const expected = new Map<string, number>();
  for (const { key, value } of input) {
    const group = store === "counts" ? key : `g${value % 5}`;
    expected.set(group, (expected.get(group) ?? 0) + (store === "counts" ? 1 : value));
  }
  const fold = new Map<string, number>();
  for (const { key, value } of changelog) fold.set(key, int64(value));
  for (const [key, value] of expected)
    if (fold.get(key) !== value) found.push(`changelog of ${store}: ${key} is ${fold.get(key)}, expected ${value}`);
}

/** The position's changelog ends are the real ones: nothing committed lies beyond. */
function checkEnds(
  store: string,
  changelog: readonly ReadRecord[],
  { newest, found }: { newest: ReadonlyMap<number, Position>; found: string[] },
): void {
  for (const { partition, offset } of changelog) {
    const key = partitionKey(`sim-${store}-changelog`, partition);
    const end = newest.get(partition % PARTITIONS)?.changelogs[key] ?? -1;
    if (offset >= end) found.push(`I5: ${key}@${offset} lies beyond the end ${end} in the newest position`);
  }
}

/** I6: lag is 0 for every input, markers included, and every pin sleeps. */
async function checkDrained(world: World, newest: ReadonlyMap<number, Position>, found: string[]): Promise<void> {
  for (const { pin, tasks } of world.app.pins) {
    for (const { topic, partition, key } of tasks.flatMap((task) => task.inputs)) {
      const end = (await world.log.offsets([{ topic, partition }], "lso")).get(key) ?? 0;
      const position = newest.get(pin)?.inputs[key] ?? 0;
      if (position < end) found.push(`I6: ${key} is at ${position} of ${end}`);
    }
  }
  const { leases, workers } = await world.leases.observe();
  for (const { pin, owner, asleep } of leases)
    if (owner !== undefined || !asleep)
      found.push(`I6: pin ${pin} is ${owner === undefined ? "not asleep" : `held by ${owner}`}`);
  for (const { worker } of workers) found.push(`I6: worker ${worker} still has a row`);
}
