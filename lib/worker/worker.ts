/**
 * A worker: holds the pins that the plan gives it, until it has none, its deadline comes, or it is told to stop.
 *
 * Owns: heartbeats, which pins run, draining by remaining time. Does not own: which pins it gets (the coordinator), the
 * protocol of a pin (`task/`). It never starts its own successor and does nothing after `run` has resolved.
 */
import type { StreamError } from "../core/errors.ts";
import type { BeatOutcome, WorkerReport } from "../ports/lease-table.ts";
import { GlobalStores } from "../task/global-stores.ts";
import { Pin, type PinStatus } from "../task/pin.ts";
import type { PinEnvironment } from "../task/pin-acquire.ts";
import type { DrainReason, PinOutcome } from "../task/pin-state.ts";
import { Waker } from "../task/waker.ts";
import { pacedIntervalMs } from "./commit-pace.ts";
import { Fetcher, type FetchLimits } from "./fetcher.ts";
import { GlobalReader } from "./global-reader.ts";
import { Mirror } from "./mirror.ts";
import { StoppedPins } from "./stopped-pins.ts";

/** Settings of a worker; durations are of its own monotonic clock. */
export interface WorkerLimits {
  readonly beatMs: number;
  /** A pin that another worker still holds is tried again after this. */
  readonly claimRetryMs: number;
  /** A pin that stopped with a passing failure is tried again after this. */
  readonly failureRetryMs: number;
  /** Draining begins when less life than this is left. */
  readonly drainMs: number;
  readonly mirrorMs: number;
  readonly purgeMs: number;
  /** Of all pins together. */
  readonly maxCommitsPerSecond: number;
  readonly fetch: FetchLimits;
}

/** How long the worker may live. */
export interface WorkerLife {
  /** Milliseconds left, or undefined without a deadline. */
  remainingMs(): number | undefined;
  /** SIGTERM, Ctrl-C. */
  readonly stop: AbortSignal;
}

/**
 * Beats that a worker waits for orders when it has nothing to do but the coordinator is to hear of it: it was started by
 * hand, or its last pin stopped. Twice the time after which the coordinator would take it for dead.
 */
const ORDERS_WAIT_BEATS = 8;

/** What a worker did. */
export interface WorkerSummary {
  readonly worker: string;
  readonly ended: "nothing-assigned" | "stopped" | "deadline" | "revoked";
  readonly processed: number;
  readonly fenced: number;
  /** Pins that stopped with a typed error. */
  readonly errors: readonly { readonly pin: number; readonly error: StreamError }[];
}

/** A running worker. */
export class Worker {
  readonly id: string;
  private readonly environment: PinEnvironment;
  /** What its pins get: the same, with the commit interval of the moment. */
  private readonly paced: PinEnvironment;
  private config: PinEnvironment["config"];
  private readonly limits: WorkerLimits;
  private readonly life: WorkerLife;
  private readonly pins = new Map<number, Pin>();
  private readonly stopped = new StoppedPins();
  private readonly retryAtMs = new Map<number, number>();
  private readonly fetcher: Fetcher;
  private readonly globals: GlobalReader;
  private readonly mirror: Mirror;
  private readonly waker: Waker;
  private readonly instance: string;
  /** True from the first answered beat. */
  private heard = false;
  private assigned: readonly number[] = [];
  private idleBeats = 0;
  private ending: WorkerSummary["ended"] | undefined;
  private processedBefore = 0;
  private busyBeforeMs = 0;
  private fenced = 0;
  private startedAtMs = 0;

  constructor(environment: PinEnvironment, options: { limits: WorkerLimits; life: WorkerLife }) {
    this.id = environment.worker;
    const { app, ports } = environment;
    const facts = { applicationId: app.applicationId, nowMs: () => ports.clock.nowMs() };
    const globals = new GlobalStores(app.globals, facts);
    this.globals = new GlobalReader({ ports, topics: app.globals, stores: globals, limits: options.limits.fetch });
    this.environment = environment;
    this.config = environment.config;
    const config = (): PinEnvironment["config"] => this.config;
    this.paced = {
      ...environment,
      globals,
      get config() {
        return config();
      },
    };
    this.limits = options.limits;
    this.life = options.life;
    this.fetcher = new Fetcher(environment.ports, options.limits.fetch);
    this.mirror = new Mirror(environment.app, environment.ports, options.limits);
    this.waker = new Waker(environment.ports.clock);
    this.instance = environment.ports.random.uuid();
  }

  /** Pins that this worker has, for reports and the console. */
  status(): readonly PinStatus[] {
    return [...this.pins.values()].map((pin) => pin.status());
  }

  /** Works until there is nothing to do, the deadline, or a stop. Resolves when everything has ended. */
  async run(): Promise<WorkerSummary> {
    const { clock, leases, logger } = this.environment.ports;
    this.startedAtMs = clock.monotonicMs();
    this.life.stop.addEventListener("abort", () => this.waker.wake(), { once: true });
    const fetching = this.fetcher.run(this.pins);
    const following = this.globals.run(() => this.waker.wake());
    let beatAtMs = this.startedAtMs;
    while (!this.finished()) {
      const nowMs = clock.monotonicMs();
      if (nowMs >= beatAtMs) {
        beatAtMs = nowMs + this.limits.beatMs;
        await this.beat();
      }
      this.followOrders();
      if (this.finished()) break;
      this.mirror.tick(this.pins);
      await this.waker.wait(Math.max(1, Math.min(beatAtMs - clock.monotonicMs(), this.nextRetryMs())));
    }
    this.fetcher.stop();
    this.globals.stop();
    await this.mirror.flush();
    await leases
      .leave(this.id, this.instance)
      .catch((error: unknown) => logger.warn("leave-failed", { worker: this.id, error: String(error) }));
    await Promise.all([fetching, following]);
    this.paced.globals?.close();
    return this.summary();
  }

  private finished(): boolean {
    return this.ending !== undefined && this.pins.size === 0;
  }

  private async beat(): Promise<void> {
    const { leases, logger } = this.environment.ports;
    try {
      const answer = await leases.beat(this.id, this.report());
      if (answer.kind === "revoked") this.end("revoked");
      else this.takeOrders(answer);
    } catch (error) {
      logger.warn("beat-failed", { worker: this.id, error: String(error) });
    }
  }

  private takeOrders({ assigned, planVersion }: Extract<BeatOutcome, { kind: "ok" }>): void {
    this.heard = true;
    this.assigned = assigned;
    this.stopped.follow(assigned);
    this.idleBeats = assigned.some((pin) => !this.stopped.has(pin)) ? 0 : this.idleBeats + 1;
    if (this.idleBeats === 0) return;
    const mayGetMore = planVersion === 0 || assigned.length > 0;
    if (!mayGetMore || this.idleBeats > ORDERS_WAIT_BEATS) this.end("nothing-assigned");
  }

  private followOrders(): void {
    if (this.life.stop.aborted) this.end("stopped");
    const remainingMs = this.life.remainingMs();
    if (remainingMs !== undefined && remainingMs <= this.limits.drainMs) this.end("deadline");
    if (this.ending !== undefined) return;
    const nowMs = this.environment.ports.clock.monotonicMs();
    for (const [number, pin] of this.pins) if (!this.assigned.includes(number)) pin.drain("handover");
    if (!this.globals.ready) return;
    for (const pin of this.assigned) {
      if (this.pins.has(pin) || this.stopped.has(pin) || (this.retryAtMs.get(pin) ?? 0) > nowMs) continue;
      this.startPin(pin);
    }
  }

  private end(reason: WorkerSummary["ended"]): void {
    if (this.ending !== undefined) return;
    this.ending = reason;
    const why: DrainReason = reason === "nothing-assigned" ? "sleep" : "deadline";
    for (const pin of this.pins.values()) pin.drain(why);
  }

  private startPin(number: number): void {
    const pin = new Pin(number, this.paced, () => this.fetcher.hungry());
    this.pins.set(number, pin);
    this.pace();
    void pin.run().then((outcome) => this.pinEnded(pin, outcome));
  }

  private pace(): void {
    const { config, limits, ports } = this.environment;
    const commitIntervalMs = pacedIntervalMs(this.pins.size, {
      intervalMs: config.commitIntervalMs,
      maxPerSecond: this.limits.maxCommitsPerSecond,
      transactionTimeoutMs: limits.transactionTimeoutMs,
    });
    if (commitIntervalMs === this.config.commitIntervalMs) return;
    this.config = { ...config, commitIntervalMs };
    ports.logger.info("commits-paced", { worker: this.id, pins: this.pins.size, intervalMs: commitIntervalMs });
  }

  private pinEnded(pin: Pin, outcome: PinOutcome): void {
    const { clock, logger } = this.environment.ports;
    const number = pin.plan.pin;
    const status = pin.status();
    this.processedBefore += status.processed;
    this.mirror.ended(status.committed, { fenced: outcome.kind === "fenced" });
    this.busyBeforeMs += pin.busyMs;
    this.pins.delete(number);
    this.pace();
    this.retryAtMs.set(number, clock.monotonicMs() + this.limits.claimRetryMs);
    if (outcome.kind === "fenced") this.fenced++;
    // The lease names us although nothing of ours runs it: the answer of an earlier claim, raise or release was lost.
    if (outcome.kind === "taken" && outcome.row.owner === this.id) this.settle(number, outcome.row.epoch);
    if (outcome.kind === "stopped") this.pinStopped(number, outcome.error);
    else if (outcome.kind !== "taken") logger.info(`pin-${outcome.kind}`, { pin: number, worker: this.id });
    this.waker.wake();
  }

  private pinStopped(pin: number, error: StreamError): void {
    const { clock, logger } = this.environment.ports;
    const { code, advice, message } = error;
    const fields = { pin, worker: this.id, code, advice, error: message };
    if (advice === "retry") {
      this.retryAtMs.set(pin, clock.monotonicMs() + this.limits.failureRetryMs);
      logger.warn("pin-retries", fields);
    } else {
      this.stopped.add(pin, error);
      logger.error("pin-stopped", fields);
    }
  }

  /** Gives back a lease that names us by accident, so that the next claim can take it. */
  private settle(pin: number, epoch: number): void {
    void this.environment.ports.leases
      .release(pin, { worker: this.id, epoch, asleep: false })
      .catch((error: unknown) => this.environment.ports.logger.warn("release-failed", { pin, error: String(error) }));
  }

  private nextRetryMs(): number {
    const nowMs = this.environment.ports.clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    for (const pin of this.assigned) {
      if (!this.pins.has(pin) && !this.stopped.has(pin))
        next = Math.min(next, (this.retryAtMs.get(pin) ?? nowMs) - nowMs);
    }
    return next;
  }

  private report(): WorkerReport {
    const nowMs = this.environment.ports.clock.monotonicMs();
    const statuses = this.status();
    const positions: Record<string, number> = {};
    for (const { committed } of statuses) Object.assign(positions, committed?.inputs);
    const recordsTotal = this.processedBefore + statuses.reduce((sum, status) => sum + status.processed, 0);
    const busyMs = this.busyBeforeMs + [...this.pins.values()].reduce((sum, pin) => sum + pin.busyMs, 0);
    return {
      instance: this.instance,
      status: this.ending !== undefined ? "draining" : this.heard ? "ready" : "starting",
      held: statuses.filter(({ status }) => status !== "claiming" && status !== "ended").map(({ pin }) => pin),
      stopped: this.stopped.report(),
      positions,
      recordsTotal,
      recordsPerBusySecond: busyMs > 0 ? (recordsTotal * 1_000) / busyMs : 0,
      busyRatio: busyMs / Math.max(1, nowMs - this.startedAtMs),
      nextTimerAtMs: earliest(statuses.map(({ nextTimerAtMs }) => nextTimerAtMs)),
      remainingMs: this.life.remainingMs(),
    };
  }

  private summary(): WorkerSummary {
    return {
      worker: this.id,
      ended: this.ending ?? "stopped",
      processed: this.processedBefore,
      fenced: this.fenced,
      errors: this.stopped.errors(),
    };
  }
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  return times.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a), undefined);
}
