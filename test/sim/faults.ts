import { keyedRandom } from "./keyed-random.ts";
import type { World } from "./world.ts";

/** What can happen to a worker, a lease or the coordinator. */
export type FaultKind =
  | "kill"
  | "freeze"
  | "freeze-at-init"
  | "freeze-at-commit"
  | "freeze-at-produce"
  | "steal"
  | "lossy"
  /** Works on without the lease table: its beats stop, and it does not learn that its pins were taken. */
  | "cut-off"
  /** Told to stop: an orderly end in the middle of everything. */
  | "stop"
  /** A second container with the same worker id. */
  | "duplicate"
  /** The coordinator dies; the next one knows nothing. */
  | "forget";

/** A fault is data: taking one away leaves the others as they are. */
export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Picks the victim among those that run then. */
  readonly pick: number;
  readonly forMs: number;
}

const kinds: readonly FaultKind[] = [
  "kill",
  "kill",
  "freeze",
  "freeze-at-init",
  "freeze-at-commit",
  "freeze-at-produce",
  "steal",
  "lossy",
  "cut-off",
  "stop",
  "duplicate",
  "forget",
];

/** The faults of a seed. */
export function faultsOf(seed: number, untilMs: number): readonly Fault[] {
  const draw = keyedRandom(seed, "faults");
  return Array.from({ length: 3 + Math.floor(draw(0) * 10) }, (_, index): Fault => {
    const at = 10 + index * 8;
    return {
      atMs: 500 + draw(at) * untilMs,
      kind: kinds[Math.floor(draw(at + 1) * kinds.length)] as Fault["kind"],
      pick: draw(at + 2),
      forMs: 500 + draw(at + 3) * 9_000,
    };
  });
}

/** Puts a fault into force. */
export function inject(world: World, fault: Fault): void {
  const running = world.running();
  const victim = running[Math.floor(fault.pick * running.length)];
  if (fault.kind === "steal") {
    void steal(world, fault);
    return;
  }
  if (fault.kind === "forget") {
    world.trace.add("fault", "forget");
    world.restartCoordinator();
    return;
  }
  if (victim === undefined) return;
  world.trace.add("fault", `${fault.kind} ${victim.id}`, fault.kind);
  switch (fault.kind) {
    case "kill":
      victim.line.cut();
      return;
    case "freeze":
      victim.line.freeze();
      world.clock.at(world.clock.monotonicMs() + fault.forMs, () => victim.line.thaw());
      return;
    case "freeze-at-init":
      victim.network.faults.freezeAt = { api: "InitProducerId", forMs: fault.forMs };
      return;
    case "freeze-at-commit":
      victim.network.faults.freezeAt = { api: "EndTxn", forMs: fault.forMs };
      return;
    case "freeze-at-produce":
      victim.network.faults.freezeAt = { api: "Produce", forMs: fault.forMs };
      return;
    case "cut-off":
      victim.network.faults.leasesSilentUntilMs = world.clock.monotonicMs() + fault.forMs;
      return;
    case "stop":
      victim.stop.abort();
      return;
    case "duplicate":
      world.launch(victim.id);
      return;
    case "lossy":
      victim.network.faults.loseAnswerRatio = 0.1;
      victim.network.faults.loseRequestRatio = 0.1;
  }
}

/** Takes a lease away from a worker that works: legal, because leases give liveness and epochs give safety. */
async function steal(world: World, fault: Fault): Promise<void> {
  const { leases } = await world.leases.observe();
  const held = leases.filter(({ owner }) => owner !== undefined);
  const row = held[Math.floor(fault.pick * held.length)];
  if (row?.owner === undefined) return;
  world.trace.add("fault", `steal pin ${row.pin}`, "steal");
  await world.leases.plan({ kind: "take-back", pin: row.pin, owner: row.owner, epoch: row.epoch });
}

/** No more faults; what is frozen goes on. */
export function heal(world: World): void {
  world.trace.add("fault", "healed");
  for (const { line, network } of world.workers) {
    network.faults.loseAnswerRatio = 0;
    network.faults.loseRequestRatio = 0;
    network.faults.freezeAt = undefined;
    network.faults.leasesSilentUntilMs = 0;
    line.thaw();
  }
}
