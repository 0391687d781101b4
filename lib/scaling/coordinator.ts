/**
 * The coordinator's tick: look, decide, write the plan, start workers. Stateless but for a memory document, so two of them
 * are harmless and a dead one stops nobody.
 */
import type { ApplicationPlan } from "../application/plan.ts";
import type { PartitionKey } from "../core/ids.ts";
import type { Clock, Random } from "../ports/clock.ts";
import type { Launcher } from "../ports/launcher.ts";
import type { LeaseRow, LeaseTable, WorkerRow } from "../ports/lease-table.ts";
import type { Log } from "../ports/log.ts";
import type { Logger } from "../ports/logger.ts";
import { decideScaling } from "./decide.ts";
import { LagReader } from "./lag-reader.ts";
import { readScalingMemory } from "./stored-memory.ts";
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
  private readonly ports: CoordinatorPorts;
  private readonly config: ScalingConfig;
  private readonly lags: LagReader;
  private memory: ScalingMemory | undefined;
  private memoryVersion = 0;

  constructor(app: ApplicationPlan, ports: CoordinatorPorts, config: ScalingConfig) {
    this.ports = ports;
    this.config = config;
    this.lags = new LagReader(app, ports);
  }

  /** One tick. */
  async tick(): Promise<TickReport> {
    const { leases, clock, random } = this.ports;
    const memory = this.memory ?? (await this.loadMemory());
    const lags = await this.lags.read();
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

  /**
   * Keeps the memory for the next invocation. A failure is a warning: a coordinator that forgets watches beats and rates
   * anew. Of two coordinators the later one wins.
   */
  async saveMemory(): Promise<void> {
    if (this.memory === undefined) return;
    const { leases, logger } = this.ports;
    try {
      const { row } = await leases.writeDocument(MEMORY_DOCUMENT, this.memoryVersion, JSON.stringify(this.memory));
      this.memoryVersion = row.version;
    } catch (error) {
      logger.warn("memory-not-saved", { error: String(error) });
    }
  }

  private async loadMemory(): Promise<ScalingMemory> {
    const row = await this.ports.leases.readDocument(MEMORY_DOCUMENT);
    this.memoryVersion = row?.version ?? 0;
    return row === undefined ? emptyScalingMemory : this.parsed(row.body);
  }

  /** A memory that cannot be read must not end every coordinator to come: the next save replaces it. */
  private parsed(body: string): ScalingMemory {
    try {
      return readScalingMemory(body);
    } catch (error) {
      this.ports.logger.warn("memory-not-read", { error: String(error) });
      return emptyScalingMemory;
    }
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
}
