import type { LeaseRow, WorkerRow } from "../ports/lease-table.ts";
import type { PinDemand } from "./demand.ts";

/** A load above this is not added to. */
const FULL = 0.95;

/** A worker in the plan that is being made. */
interface Bin {
  readonly worker: string;
  readonly isNew: boolean;
  readonly pins: Set<number>;
  load: number;
}

/** Which worker is to have which pins. */
export interface Assignment {
  readonly worker: string;
  readonly isNew: boolean;
  readonly assigned: readonly number[];
}

/**
 * Packs pins onto `count` workers, and leaves every pin where it is unless it must move. Pure.
 *
 * A pin moves when its worker is to go, when its worker is overloaded and another has room, or when a worker has none.
 */
export function assignPins(
  workers: readonly WorkerRow[],
  demands: readonly PinDemand[],
  target: { readonly count: number; readonly freshWorkers: readonly string[]; readonly leases: readonly LeaseRow[] },
): readonly Assignment[] {
  const lost = disowned(workers, target.leases);
  const wanted = new Map(
    demands
      .filter((demand) => demand.wanted && !lost.has(demand.pin))
      .map((demand) => [demand.pin, Math.max(demand.share, 0.001)]),
  );
  const bins = startBins(workers, wanted, target);
  const keep = chooseBins(bins, target.count);
  const homeless = new Set(wanted.keys());
  for (const bin of keep) for (const pin of bin.pins) homeless.delete(pin);
  for (const pin of [...homeless].sort((a, b) => a - b)) place(keep, pin, wanted.get(pin) as number);
  relieve(keep, wanted);
  feedEmpty(keep, wanted);
  letStay(keep, demands, { workers, lost, wanted });
  return bins.map((bin) => ({
    worker: bin.worker,
    isNew: bin.isNew,
    assigned: keep.includes(bin) ? [...bin.pins].sort((a, b) => a - b) : [],
  }));
}

/**
 * Pins that a living worker believes to hold although their lease was taken back. It cannot know until it writes, so the
 * plan takes them away from it for now; when its next report is without them they get an owner again. A pin that the plan gives
 * to another worker already is being handed over: there the report is merely old.
 */
function disowned(workers: readonly WorkerRow[], leases: readonly LeaseRow[]): ReadonlySet<number> {
  const free = new Set(leases.filter(({ owner }) => owner === undefined).map(({ pin }) => pin));
  const isElsewhere = (pin: number, holder: WorkerRow): boolean =>
    workers.some((row) => row !== holder && row.assigned.includes(pin));
  return new Set(workers.flatMap((row) => row.held.filter((pin) => free.has(pin) && !isElsewhere(pin, row))));
}

function startBins(
  workers: readonly WorkerRow[],
  wanted: ReadonlyMap<number, number>,
  target: { count: number; freshWorkers: readonly string[] },
): Bin[] {
  const placed = new Set<number>();
  const bins = workers.map((row): Bin => {
    const pins = new Set<number>();
    let load = 0;
    for (const pin of row.status === "draining" ? [] : row.assigned) {
      if (!wanted.has(pin) || placed.has(pin)) continue;
      placed.add(pin);
      pins.add(pin);
      load += wanted.get(pin) as number;
    }
    return { worker: row.worker, isNew: false, pins, load };
  });
  const usable = workers.filter((row) => row.status !== "draining").length;
  for (const worker of target.freshWorkers.slice(0, Math.max(0, target.count - usable)))
    bins.push({ worker, isNew: true, pins: new Set(), load: 0 });
  const draining = new Set(workers.filter((row) => row.status === "draining").map((row) => row.worker));
  return bins.filter((bin) => !draining.has(bin.worker));
}

/** The workers that stay: those with the most to keep. */
function chooseBins(bins: readonly Bin[], count: number): Bin[] {
  return [...bins]
    .sort((a, b) => b.load - a.load || b.pins.size - a.pins.size || (a.worker < b.worker ? -1 : 1))
    .slice(0, count);
}

function place(bins: readonly Bin[], pin: number, share: number): void {
  let best: Bin | undefined;
  for (const bin of bins)
    if (best === undefined || bin.load < best.load || (bin.load === best.load && bin.pins.size < best.pins.size))
      best = bin;
  if (best === undefined) return;
  best.pins.add(pin);
  best.load += share;
}

/** A worker without a pin would end: it takes one from the fullest. */
function feedEmpty(bins: readonly Bin[], wanted: ReadonlyMap<number, number>): void {
  for (const bin of bins) {
    if (bin.pins.size > 0) continue;
    const donor = fullest(bins);
    if (donor === undefined || donor.pins.size < 2) return;
    const half = donor.load / 2;
    for (const pin of [...donor.pins].sort((a, b) => b - a)) {
      if (donor.pins.size < 2 || (bin.pins.size > 0 && bin.load >= half)) break;
      move(pin, { from: donor, to: bin, share: wanted.get(pin) as number });
    }
  }
}

/** Overloaded workers give pins to those with room. */
function relieve(bins: readonly Bin[], wanted: ReadonlyMap<number, number>): void {
  for (const from of bins) {
    for (const pin of [...from.pins].sort((a, b) => (wanted.get(a) as number) - (wanted.get(b) as number))) {
      if (from.load <= 1 || from.pins.size < 2) break;
      const share = wanted.get(pin) as number;
      const to = bins.find((bin) => bin !== from && bin.load + share <= FULL);
      if (to !== undefined) move(pin, { from, to, share });
    }
  }
}

/**
 * Quiet pins end with their worker, not before. Taken away alone, a pin is handed over, for nobody: with a short tail it does
 * not fall asleep, so it is wanted again, and soon quiet again, for ever. Staying costs nothing: a clean pin never commits.
 */
function letStay(
  bins: readonly Bin[],
  demands: readonly PinDemand[],
  plan: { workers: readonly WorkerRow[]; lost: ReadonlySet<number>; wanted: ReadonlyMap<number, number> },
): void {
  const rows = new Map(plan.workers.map((row) => [row.worker, row]));
  const quiet = new Set(
    demands.filter(({ pin, mayStay }) => mayStay && !plan.wanted.has(pin) && !plan.lost.has(pin)).map(({ pin }) => pin),
  );
  for (const bin of bins) {
    if (bin.pins.size === 0) continue; // it ends, and its pins fall asleep
    for (const pin of rows.get(bin.worker)?.assigned ?? []) if (quiet.delete(pin)) bin.pins.add(pin);
  }
}

function fullest(bins: readonly Bin[]): Bin | undefined {
  let best: Bin | undefined;
  for (const bin of bins)
    if (best === undefined || bin.load > best.load || (bin.load === best.load && bin.pins.size > best.pins.size))
      best = bin;
  return best;
}

function move(pin: number, { from, to, share }: { from: Bin; to: Bin; share: number }): void {
  from.pins.delete(pin);
  from.load -= share;
  to.pins.add(pin);
  to.load += share;
}
