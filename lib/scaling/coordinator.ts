/**
 * The coordinator's tick: look, decide, write the plan, start workers. Stateless but for a memory document, so two of them
 * are harmless and a dead one stops nobody.
 */
import type { ApplicationPlan } from "../application/plan.ts";
import { type PartitionKey, partitionKey } from "../core/ids.ts";
import type { Clock, Random } from "../ports/clock.ts";
import type { Launcher } from "../ports/launcher.ts";
import type { LeaseRow, LeaseTable, WorkerRow } from "../ports/lease-table.ts";
import type { Log } from "../ports/log.ts";
import type { Logger } from "../ports/logger.ts";
import { decideScaling } from "./decide.ts";
import { PositionsReader } from "./positions-reader.ts";
import {
  emptyScalingMemory,
  type PinObservation,
  type ScalingConfig,
  type ScalingDecision,
  type ScalingMemory,
} from "./types.ts";

/** Ports of a coordinator. */
export interface CoordinatorPorts {
  readonly log: Log;
  readonly leases: LeaseTable;
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What a tick saw and decided, for the console and the function's log. */
export interface TickReport {
  readonly decision: ScalingDecision;
  readonly pins: readonly PinObservation[];
  readonly leases: readonly LeaseRow[];
  readonly workers: readonly WorkerRow[];
  /** Lag per input partition; absent when unknown. */
  readonly lagByPartition: ReadonlyMap<PartitionKey, number>;
}

const MEMORY_DOCUMENT = "coordinator-memory";

/** A coordinator of one application. */
export class Coordinator {
  private readonly app: ApplicationPlan;
  private readonly ports: CoordinatorPorts;
  private readonly config: ScalingConfig;
  private readonly positions: PositionsReader;
  private memory: ScalingMemory | undefined;
  private memoryVersion = 0;

  constructor(app: ApplicationPlan, ports: CoordinatorPorts, config: ScalingConfig) {
    this.app = app;
    this.ports = ports;
    this.config = config;
    this.positions = new PositionsReader(app, ports.log);
  }

  /** One tick. */
  async tick(): Promise<TickReport> {
    const { leases, clock, random } = this.ports;
    const memory = this.memory ?? (await this.loadMemory());
    const lags = await this.observeLag();
    const seen = await leases.observe();
    const freshWorkers = Array.from({ length: this.config.maxWorkers }, () => `w-${random.uuid().slice(0, 8)}`);
    const observation = {
      nowMs: clock.nowMs(),
      pins: lags.pins,
      leases: seen.leases,
      workers: seen.workers,
      freshWorkers,
    };
    const decision = decideScaling(observation, memory, this.config);
    this.memory = decision.memory;
    if (this.config.mode === "on") await this.apply(decision);
    if (decision.reasons.length > 0)
      this.ports.logger.info("scaling-decision", { mode: this.config.mode, reasons: decision.reasons });
    return { decision, pins: lags.pins, leases: seen.leases, workers: seen.workers, lagByPartition: lags.byPartition };
  }

  /** Keeps the memory for the next invocation. */
  async saveMemory(): Promise<void> {
    if (this.memory === undefined) return;
    const { row } = await this.ports.leases.writeDocument(
      MEMORY_DOCUMENT,
      this.memoryVersion,
      JSON.stringify(this.memory),
    );
    this.memoryVersion = row.version;
  }

  private async loadMemory(): Promise<ScalingMemory> {
    const row = await this.ports.leases.readDocument(MEMORY_DOCUMENT);
    this.memoryVersion = row?.version ?? 0;
    return row === undefined ? emptyScalingMemory : (JSON.parse(row.body) as ScalingMemory);
  }

  private async apply(decision: ScalingDecision): Promise<void> {
    const added = new Set<string>();
    const heardOf = new Set<string>();
    for (const change of decision.changes) {
      if (change.kind === "take-back" && heardOf.has(change.owner)) continue;
      const done = await this.ports.leases.plan(change);
      // It beat after all, or another coordinator was faster: either way the next tick knows.
      if (!done && change.kind === "remove-worker") heardOf.add(change.worker);
      if (done && change.kind === "add-worker") added.add(change.worker);
      if (!done) this.ports.logger.debug("plan-change-lost", { change: change.kind });
    }
    for (const worker of decision.starts) {
      if (!added.has(worker)) continue;
      // A start that fails leaves a row whose beat never moves: it is taken back after the start grace.
      await this.ports.launcher
        .start({ worker })
        .catch((error: unknown) => this.ports.logger.error("worker-start-failed", { worker, error: String(error) }));
    }
  }

  private async observeLag(): Promise<{ pins: PinObservation[]; byPartition: Map<PartitionKey, number> }> {
    const byPartition = new Map<PartitionKey, number>();
    try {
      const inputs = this.app.pins.flatMap((pin) => pin.tasks.flatMap((task) => task.inputs));
      const ends = await this.ports.log.offsets(inputs, "lso");
      const starts = await this.ports.log.offsets(inputs, "earliest");
      await this.positions.refresh();
      const pins = this.app.pins.map(({ pin, tasks }): PinObservation => {
        let lag = 0;
        let endTotal = 0;
        for (const { topic, partition, offsetReset } of tasks.flatMap((task) => task.inputs)) {
          const key = partitionKey(topic, partition);
          const end = ends.get(key) ?? 0;
          const start = offsetReset === "earliest" ? (starts.get(key) ?? 0) : end;
          const position = this.positions.of(pin)?.inputs[key] ?? start;
          const partitionLag = Math.max(0, end - position);
          byPartition.set(key, partitionLag);
          lag += partitionLag;
          endTotal += end;
        }
        return { pin, lag, endTotal };
      });
      return { pins, byPartition };
    } catch (error) {
      this.ports.logger.warn("lag-unknown", { error: String(error) });
      return { pins: this.app.pins.map(({ pin }) => ({ pin, lag: "unknown", endTotal: undefined })), byPartition };
    }
  }
}
