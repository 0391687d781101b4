/**
 * The interpreter of the pin protocol: runs the effects of `pin-machine.ts` over the ports and feeds the answers back.
 *
 * Owns: the loop, the tasks in memory, what is fetched for them. Does not own: any decision of the protocol.
 *
 * Every asynchronous effect carries the life in which it was started; an answer from an earlier life (before a failed
 * transaction) is thrown away.
 */
import type { PinPlan } from "../application/plan.ts";
import type { Position } from "../application/position.ts";
import { invariant } from "../core/errors.ts";
import type { PartitionKey } from "../core/ids.ts";
import type { FetchedPartition } from "../ports/log.ts";
import { Collector } from "./collector.ts";
import { nextDueMs, nextTimerMs } from "./due-times.ts";
import { tellPassedFailures, tellRetry } from "./failure-lines.ts";
import { OpenWork } from "./open-work.ts";
import { acquireEffects, missesInputs, type PinCore, type PinEnvironment, type PinInside } from "./pin-acquire.ts";
import { asStreamError, fetchFailure, transactionFailure } from "./pin-failure.ts";
import { startPin, stepPin } from "./pin-machine.ts";
import { PinQueues } from "./pin-queues.ts";
import { commitTimeMs, mayProcess, uncoveredOf } from "./pin-running.ts";
import { PinSnapshots } from "./pin-snapshots.ts";
import type { DrainReason, PinEffect, PinEvent, PinOutcome, PinState, Running } from "./pin-state.ts";
import { PinTransactions, sealTransaction } from "./pin-transaction.ts";
import type { Task } from "./task.ts";
import { Waker } from "./waker.ts";

/** What a person or the coordinator sees of a pin. */
export interface PinStatus {
  readonly pin: number;
  readonly status: PinState["kind"];
  readonly epoch: number;
  readonly processed: number;
  readonly dropped: number;
  readonly committed: Position | undefined;
  readonly snapshotVersion: number;
  readonly tailRecords: number;
  /** When the next punctuator is due by wall-clock time. */
  readonly nextTimerAtMs: number | undefined;
}

/** One pin in one worker, from claim to release. */
export class Pin {
  readonly plan: PinPlan;
  private readonly environment: PinEnvironment;
  private readonly onHungry: () => void;
  private state: PinState;
  private readonly inbox: PinEvent[] = [];
  private readonly waker: Waker;
  private readonly transactions: PinTransactions;
  private readonly collector: Collector;
  private tasks: Task[] = [];
  private readonly queues = new PinQueues();
  private committed: Position | undefined;
  private sealedPosition: Position | undefined;
  private readonly work: OpenWork;
  private drainAsked: DrainReason | undefined;
  private processedBefore = 0;
  private droppedBefore = 0;
  /** Raised when everything unsent was dropped: answers that were asked for before count no more. */
  private life = 0;
  private readonly inside: PinInside;
  private acquireStartMs = 0;
  busyMs = 0;

  /** @param onHungry called when the pin wants to be fetched for again */
  constructor(pin: number, environment: PinEnvironment, onHungry: () => void) {
    const { app } = environment;
    const plan = app.pins[pin];
    invariant(plan !== undefined, "the plan names pins of this application only", { pin, pinCount: app.pinCount });
    this.plan = plan;
    this.environment = environment;
    this.onHungry = onHungry;
    this.waker = new Waker(environment.ports.clock);
    this.transactions = new PinTransactions(environment.ports.log, this.plan, app.positionsTopic);
    this.collector = new Collector(app.partitionCounts);
    this.work = new OpenWork({ collector: this.collector, queues: this.queues.byPartition, tasks: () => this.tasks });
    this.state = { kind: "claiming", draining: undefined };
    const core: PinCore = {
      plan: this.plan,
      transactions: this.transactions,
      collector: this.collector,
      tasks: () => this.tasks,
      committed: () => this.committed,
      adopt: (tasks, position) => this.adopt(tasks, position),
      adoptPosition: (position) => {
        this.committed = position;
      },
      ends: new Map(),
      wake: () => this.waker.wake(),
    };
    this.inside = { ...core, snapshots: new PinSnapshots(environment, core) };
  }

  /** Runs the pin until it is released, taken, fenced or stopped. Never throws: whatever goes wrong stops the pin. */
  async run(): Promise<PinOutcome> {
    this.acquireStartMs = this.environment.ports.clock.monotonicMs();
    this.apply(startPin());
    while (this.state.kind !== "ended") await this.advance(this.state);
    this.closeTasks();
    return this.state.outcome;
  }

  private async advance(state: PinState): Promise<void> {
    const { config } = this.environment;
    try {
      const event =
        this.inbox.shift() ?? (state.kind === "running" ? await this.turn(state) : await this.waitForEvent());
      if (event !== undefined) this.apply(stepPin(this.state, event, config));
    } catch (error) {
      // A broken invariant, or a store that could not be encoded: the lease is given back, nothing more is written.
      this.apply(stepPin(this.state, { kind: "failed", error: asStreamError(error, this.plan.pin) }, config));
    }
  }

  /** Asks for an orderly end. */
  drain(reason: DrainReason): void {
    if (this.drainAsked === reason) return;
    this.drainAsked = reason;
    this.post({ kind: "drain", reason });
  }

  /** Adds the offsets to fetch next; nothing while the pin has enough buffered or does not process. */
  wants(positions: Map<PartitionKey, number>, maxBufferedBytes: number): void {
    if (this.state.kind !== "running" || this.state.draining !== undefined) return;
    this.queues.wants(positions, maxBufferedBytes);
  }

  /** Takes an answer for a partition, if it still fits: `asked` is the offset that was asked for. */
  deliver(key: PartitionKey, asked: number, answer: FetchedPartition): void {
    const queue = this.queues.byPartition.get(key);
    if (queue === undefined || queue.fetchNext !== asked || this.state.kind !== "running") return;
    if (answer.kind === "error") {
      const error = fetchFailure(key, asked, answer);
      if (error !== undefined) this.post({ kind: "failed", error });
      return;
    }
    try {
      const before = queue.head;
      queue.add(answer);
      if (queue.head !== before || queue.position !== asked) this.waker.wake();
    } catch (error) {
      this.post({ kind: "failed", error: asStreamError(error, this.plan.pin) });
    }
  }

  /** What is going on, for reports and the console. */
  status(): PinStatus {
    const { state } = this;
    const counts = this.counts();
    return {
      pin: this.plan.pin,
      status: state.kind,
      epoch: "lease" in state ? state.lease.epoch : 0,
      processed: counts.processed,
      dropped: counts.dropped,
      committed: this.committed,
      snapshotVersion: "lease" in state ? state.lease.version : 0,
      tailRecords: state.kind === "running" ? uncoveredOf(state).records : 0,
      nextTimerAtMs: nextTimerMs(this.tasks),
    };
  }

  private counts(): { processed: number; dropped: number } {
    let processed = this.processedBefore;
    let dropped = this.droppedBefore;
    for (const task of this.tasks) {
      processed += task.counts.processed;
      dropped += task.counts.dropped;
    }
    return { processed, dropped };
  }

  private post(event: PinEvent): void {
    this.inbox.push(event);
    this.waker.wake();
  }

  private apply([state, effects]: readonly [PinState, readonly PinEffect[]]): void {
    const before = this.state.kind;
    this.state = state;
    for (const effect of effects) this.perform(effect);
    if (before === state.kind || state.kind !== "running") return;
    this.logRunning(state);
    this.onHungry();
  }

  private logRunning(state: Running): void {
    const { ports, worker } = this.environment;
    const { epoch, pin } = state.lease;
    const acquireMs = Math.round(ports.clock.monotonicMs() - this.acquireStartMs);
    ports.logger.info("pin-running", {
      pin,
      worker,
      epoch,
      acquireMs,
      tailRecords: uncoveredOf(state).records,
      transaction: state.memory.committed,
    });
  }

  private async waitForEvent(): Promise<PinEvent | undefined> {
    if (this.inbox.length === 0) await this.waker.wait(undefined);
    return this.inbox.shift();
  }

  /** One turn of a running pin: a micro-batch, or a rest until something happens or is due. */
  private async turn(state: Running): Promise<PinEvent | undefined> {
    const { clock } = this.environment.ports;
    const { limits } = this.environment;
    if (mayProcess(state) && this.collector.pendingBytes < limits.maxPendingBytes) {
      const startMs = clock.monotonicMs();
      const taken = this.processBatch(limits.maxBatchRecords);
      if (taken.kind !== "ok") return taken;
      if (taken.records > 0) {
        const nowMs = clock.monotonicMs();
        this.busyMs += nowMs - startMs;
        this.work.add(taken.records, startMs);
        if (this.queues.takeWasFull()) this.onHungry();
        await clock.sleep(0);
        return this.progressed(nowMs);
      }
    }
    const nowMs = clock.monotonicMs();
    const [next] = stepPin(state, this.progressed(nowMs), this.environment.config);
    if (next === state) await this.waker.wait(this.restMs(state, nowMs));
    return this.inbox.shift() ?? this.progressed(clock.monotonicMs());
  }

  private progressed(nowMs: number): PinEvent {
    return { kind: "progressed", open: this.work.layer(this.sealedPosition ?? this.committed, nowMs), nowMs };
  }

  /** How long nothing can become due. */
  private restMs(state: Running, nowMs: number): number {
    const timerAtMs = mayProcess(state) ? nextDueMs(this.tasks) : undefined;
    const timerMs = timerAtMs === undefined ? 1_000 : Math.max(1, timerAtMs - this.environment.ports.clock.nowMs());
    if (state.inFlight !== undefined || state.flushing) return Math.min(1_000, timerMs);
    const { config } = this.environment;
    const { positionOnlyCommitMs } = config;
    return Math.min(
      timerMs,
      this.work.restMs(nowMs, { commitTimeMs: commitTimeMs(state, config), positionOnlyCommitMs }),
    );
  }

  private processBatch(
    max: number,
  ): { kind: "ok"; records: number } | Extract<PinEvent, { kind: "failed" | "retry-asked" }> {
    const listener = { pin: this.plan.pin, logger: this.environment.ports.logger };
    let records = 0;
    try {
      for (const task of this.tasks) records += task.punctuate("wallClockTime", max) + task.process(max);
    } catch (error) {
      const retry = this.tasks.find(({ failures }) => failures.retry !== undefined)?.failures.retry;
      if (retry === undefined) return { kind: "failed", error: asStreamError(error, this.plan.pin) };
      tellRetry(retry, listener);
      return { kind: "retry-asked", afterMs: retry.afterMs };
    } finally {
      tellPassedFailures(this.tasks, listener);
    }
    return { kind: "ok", records };
  }

  private perform(effect: PinEffect): void {
    switch (effect.kind) {
      case "acknowledge":
        for (const task of this.tasks) for (const store of task.stores) store.acknowledge();
        this.committed = this.sealedPosition ?? this.committed;
        this.sealedPosition = undefined;
        return;
      case "drop":
        this.acquireStartMs = this.environment.ports.clock.monotonicMs();
        this.life++;
        this.transactions.forget();
        this.collector.clear();
        return;
      case "resume":
        this.resume(effect.position, effect.landed);
        return;
      case "commit":
        this.launchCommit(effect.epoch, effect.transaction);
        return;
      case "flush":
        this.launchFlush();
        return;
      case "abort":
        void this.transactions.abort().catch((error: unknown) => this.warn("abort-failed", error));
        return;
      case "publish":
        this.launchPublish(effect);
        return;
      default:
        this.launch(effect.kind === "birth" ? "transaction" : "other", () =>
          acquireEffects(effect, this.environment, this.inside),
        );
    }
  }

  private launchFlush(): void {
    this.work.send();
    const batches = this.collector.take();
    this.launch("transaction", async () => {
      await this.transactions.flush(batches);
      this.collector.recycle(batches);
      return { kind: "flushed" };
    });
  }

  private launchCommit(epoch: number, transaction: number): void {
    const { clock } = this.environment.ports;
    const changelogs = this.committed?.changelogs ?? {};
    const sealed = sealTransaction(this.tasks, this.collector, { pin: this.plan.pin, epoch, transaction, changelogs });
    const { changelogRecords, changelogBytes } = sealed;
    const life = this.life;
    this.sealedPosition = sealed.position;
    this.work.reset();
    this.launch("transaction", async () => {
      const position = await this.transactions.commit(sealed, clock.nowMs());
      if (life === this.life) this.sealedPosition = position;
      this.collector.recycle(sealed.batches);
      return { kind: "committed", transaction, changelogRecords, changelogBytes, nowMs: clock.monotonicMs() };
    });
  }

  private launchPublish(effect: Extract<PinEffect, { kind: "publish" }>): void {
    this.launch("other", async () => {
      try {
        return await this.inside.snapshots.publish(effect);
      } catch (error) {
        this.warn("publish-failed", error);
        return { kind: "publish-failed", nowMs: this.environment.ports.clock.monotonicMs() };
      }
    });
  }

  private warn(event: string, error: unknown): void {
    this.environment.ports.logger.warn(event, { pin: this.plan.pin, error: String(error) });
  }

  /** Runs an asynchronous effect; its answer counts only if nothing was dropped meanwhile. */
  private launch(kind: "transaction" | "other", run: () => Promise<PinEvent>): void {
    const life = this.life;
    const failed = (error: unknown): PinEvent =>
      kind === "transaction"
        ? transactionFailure(error, this.plan.pin)
        : { kind: "failed", error: asStreamError(error, this.plan.pin) };
    void run().then(
      (event) => {
        if (life === this.life) this.post(event);
      },
      (error: unknown) => {
        if (life === this.life) this.post(failed(error));
      },
    );
  }

  private adopt(tasks: Task[], position: Position | undefined): void {
    const counts = this.counts();
    this.processedBefore = counts.processed;
    this.droppedBefore = counts.dropped;
    this.closeTasks();
    this.tasks = tasks;
    this.committed = position;
    this.sealedPosition = undefined;
    this.work.reset();
    this.queues.adopt(tasks);
  }

  /** Ends user code; what it fails with changes nothing any more. */
  private closeTasks(): void {
    for (const task of this.tasks) {
      try {
        task.close();
      } catch (error) {
        this.warn("close-failed", error);
      }
    }
  }

  private resume(position: Position, landed: boolean): void {
    for (const task of this.tasks) {
      for (const store of task.stores) {
        if (landed) store.acknowledge();
        store.drop();
      }
      task.rewind(position);
    }
    this.committed = position;
    this.sealedPosition = undefined;
    this.work.reset();
    this.post({
      kind: "resumed",
      landed,
      missingInputs: missesInputs(this.plan, position),
      nowMs: this.environment.ports.clock.monotonicMs(),
    });
  }
}
