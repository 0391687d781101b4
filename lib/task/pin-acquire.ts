/**
 * The effects of acquiring and releasing a pin, each one answer. The order of them is `pin-machine.ts`'.
 */

import { decodeAppManifest } from "../application/manifest.ts";
import { readPositionBelow } from "../application/newest-position.ts";
import type { ApplicationPlan, PinPlan } from "../application/plan.ts";
import type { Position } from "../application/position.ts";
import { APP_MANIFEST_DOCUMENT } from "../application/prepare.ts";
import { StreamError } from "../core/errors.ts";
import { type PartitionKey, partitionKey } from "../core/ids.ts";
import { decideRaise } from "../lease/decide.ts";
import type { Clock, Random } from "../ports/clock.ts";
import type { LeaseTable } from "../ports/lease-table.ts";
import type { Log } from "../ports/log.ts";
import type { Logger } from "../ports/logger.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import type { SnapshotConfig } from "../snapshot/decide.ts";
import { epochsOfObjects } from "../snapshot/paths.ts";
import type { Collector } from "./collector.ts";
import type { EncodingTurns } from "./encoding-turns.ts";
import type { GlobalStores } from "./global-stores.ts";
import { inputStarts } from "./input-starts.ts";
import { assertNothingOpen } from "./open-transactions.ts";
import type { PinSnapshots } from "./pin-snapshots.ts";
import type { PinConfig, PinEffect, PinEvent } from "./pin-state.ts";
import { type PinTransactions, sealTransaction } from "./pin-transaction.ts";
import type { Task } from "./task.ts";

/** The ports that a worker's pins work over. */
export interface PinPorts {
  readonly log: Log;
  readonly leases: LeaseTable;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What all pins of a worker share. */
export interface PinEnvironment {
  readonly worker: string;
  readonly app: ApplicationPlan;
  readonly ports: PinPorts;
  readonly config: PinConfig;
  /** Undefined: the application has none. */
  readonly globals?: GlobalStores;
  /** When a store is written in full. */
  readonly snapshot: SnapshotConfig;
  readonly encodingTurns: EncodingTurns;
  readonly limits: {
    /** A pin whose unsent output is larger does not process on. */
    readonly maxPendingBytes: number;
    readonly maxBatchRecords: number;
    /** How long a task waits for an input that has nothing. */
    readonly maxTaskIdleMs: number;
    readonly transactionTimeoutMs: number;
    readonly transactionDeadlineMs: number;
    /** `delete.retention.ms` of changelogs: an older snapshot is not used. */
    readonly deleteRetentionMs: number;
  };
}

/** What snapshots may touch of their pin. */
export interface PinCore {
  readonly plan: PinPlan;
  readonly transactions: PinTransactions;
  readonly collector: Collector;
  tasks(): readonly Task[];
  committed(): Position | undefined;
  adopt(tasks: Task[], position: Position | undefined): void;
  adoptPosition(position: Position): void;
  /** Where positions and changelogs ended when the pin was located: until it commits itself they do. */
  readonly ends: Map<PartitionKey, number>;
  /** There may be something to process. */
  readonly wake: () => void;
}

/** What an effect may touch of its pin. */
export interface PinInside extends PinCore {
  readonly snapshots: PinSnapshots;
}

type AcquireEffect = Extract<
  PinEffect,
  { kind: "claim" | "initialise" | "confirm" | "locate" | "raise" | "restore" | "birth" | "release" }
>;

/** Runs one effect and answers with its event. */
export async function acquireEffects(
  effect: AcquireEffect,
  environment: PinEnvironment,
  inside: PinInside,
): Promise<PinEvent> {
  const { ports, app, worker } = environment;
  const { pin } = inside.plan;
  switch (effect.kind) {
    case "claim":
      return claim(environment, pin);
    case "initialise": {
      const { transactionTimeoutMs, transactionDeadlineMs } = environment.limits;
      if (effect.afterMs > 0) await ports.clock.sleep(effect.afterMs);
      await inside.transactions.initialise({
        transactionalId: `${app.applicationId}-${pin}`,
        transactionTimeoutMs,
        deadlineMs: transactionDeadlineMs,
      });
      return { kind: "initialised" };
    }
    case "confirm":
      return { kind: "confirmed", row: await ports.leases.read(pin), worker };
    case "locate":
      return { kind: "located", position: await locate(environment, inside) };
    case "raise":
      return raise(environment, effect);
    case "restore": {
      const { tasks, tailRecords } = await inside.snapshots.restore(effect);
      inside.adopt(tasks, effect.position);
      return {
        kind: "restored",
        tailRecords,
        missingInputs: missesInputs(inside.plan, effect.position),
        nowMs: ports.clock.monotonicMs(),
      };
    }
    case "birth":
      return birth(environment, inside, effect);
    case "release": {
      const { epoch } = effect.row;
      return { kind: "released", outcome: await ports.leases.release(pin, { worker, epoch, asleep: effect.asleep }) };
    }
  }
}

/** The newest position; finds out on the way where the pin's partitions end. */
async function locate({ ports, app }: PinEnvironment, inside: PinInside): Promise<Position | undefined> {
  const { positionsTopic: topic } = app;
  const { pin } = inside.plan;
  const [ends, starts] = await Promise.all([
    assertNothingOpen(ports.log, topic, inside.plan),
    ports.log.offsets([{ topic, partition: pin }], "earliest"),
  ]);
  for (const [key, end] of ends) inside.ends.set(key, end);
  const key = partitionKey(topic, pin);
  return readPositionBelow(ports.log, { topic, pin, start: starts.get(key) ?? 0, end: ends.get(key) ?? 0 });
}

/** True when an input has no entry in the position: a new pin, or a new source. */
export function missesInputs(plan: PinPlan, position: Position | undefined): boolean {
  return plan.tasks.some((task) => task.inputs.some(({ key }) => position?.inputs[key] === undefined));
}

async function claim({ ports, app, worker }: PinEnvironment, pin: number): Promise<PinEvent> {
  const document = await ports.leases.readDocument(APP_MANIFEST_DOCUMENT);
  const stored = document === undefined ? undefined : decodeAppManifest(document.body);
  const known = new Set(stored?.subTopologies.map(({ stableId, content }) => `${stableId} ${content}`));
  const ours = app.manifest.subTopologies.every(({ stableId, content }) => known.has(`${stableId} ${content}`));
  if (stored === undefined || stored.generation !== app.generation || stored.pinCount !== app.pinCount || !ours) {
    throw new StreamError(
      "TOPOLOGY_INCOMPATIBLE",
      `application ${app.applicationId} was deployed anew while this worker ran (generation ${stored?.generation ?? "none"}, ours ${app.generation}): it ends, workers of the new version go on`,
      { details: { pin } },
    );
  }
  const outcome = await ports.leases.claim(pin, worker);
  return outcome.kind === "claimed"
    ? { kind: "claimed", row: outcome.row, first: outcome.first }
    : { kind: "taken", row: outcome.row };
}

async function raise(
  { ports, app, worker }: PinEnvironment,
  effect: Extract<PinEffect, { kind: "raise" }>,
): Promise<PinEvent> {
  const { row, first, positionEpoch } = effect;
  const found = [
    positionEpoch,
    ...(await epochsOfObjects(ports.objects, {
      applicationId: app.applicationId,
      generation: app.generation,
      pin: row.pin,
    })),
  ];
  const decision = decideRaise({ epoch: row.epoch, first }, found);
  if (decision.kind === "keep") return { kind: "raised", row, ok: true };
  const outcome = await ports.leases.raise(row.pin, { worker, epoch: row.epoch, to: decision.to });
  return { kind: "raised", row: outcome.row, ok: outcome.kind === "ok" };
}

/** The first commit of a pin, or of a new input: where every input starts is decided once and written down. */
async function birth(
  { ports }: PinEnvironment,
  inside: PinInside,
  effect: Extract<PinEffect, { kind: "birth" }>,
): Promise<PinEvent> {
  const committed = inside.committed();
  const missing = inside.plan.tasks
    .flatMap((task) => task.inputs)
    .filter((input) => committed?.inputs[input.key] === undefined);
  const starts = await inputStarts(ports.log, missing, ports.clock.nowMs());
  const changelogs = committed?.changelogs ?? changelogEnds(inside);
  for (const input of missing) {
    const { topic, partition, key, offsetReset: policy } = input;
    const task = inside.tasks().find(({ plan }) => plan.inputs.includes(input)) as Task;
    const offset = starts.get(key) ?? 0;
    ports.logger.info("input-start-resolved", { pin: inside.plan.pin, topic, partition, policy, offset });
    task.queue(topic).rewind(offset, -1);
  }
  const base = { pin: inside.plan.pin, epoch: effect.epoch, transaction: effect.transaction, changelogs };
  const sealed = sealTransaction(inside.tasks(), inside.collector, base);
  const position = await inside.transactions.commit(sealed, ports.clock.nowMs());
  for (const task of inside.tasks()) for (const store of task.stores) store.acknowledge();
  inside.adoptPosition(position);
  return {
    kind: "committed",
    transaction: effect.transaction,
    changelogRecords: 0,
    changelogBytes: 0,
    nowMs: ports.clock.monotonicMs(),
  };
}

/** A new pin's changelogs end where they start: anything in them is not ours. */
function changelogEnds({ plan, ends }: PinInside): Record<PartitionKey, number> {
  const own = plan.tasks.flatMap((task) => task.changelogs.filter(({ isSource }) => !isSource));
  return Object.fromEntries(own.map(({ key }) => [key, ends.get(key) ?? 0]));
}
