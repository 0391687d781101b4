/**
 * A task: one sub-topology on one partition, run synchronously.
 *
 * Owns: the record queues, the choice of the next record, stream time, the operators' clocks, the stores and the punctuators
 * of the task.
 * Does not own: transactions (pin), fetching (worker), leases.
 *
 * Invariants
 * - T1 a record is processed to completion before the next is taken; there is no suspension point in between.
 * - T2 the next record is the one with the lowest timestamp among the inputs' heads (Kafka Streams' rule); while an input
 *   has records on the log that were not fetched yet, nothing is taken, and one that has none is waited for (`max.task.idle.ms`).
 * - T3 everything that a record changed (stores, clocks, times, positions) belongs to the open layer: `drop` forgets it,
 *   `acknowledge` keeps it.
 * - T4 user code starts when everything is restored, before the first record, and again after it was rolled back.
 */

import type { TaskPlan } from "../application/plan.ts";
import type { Position } from "../application/position.ts";
import { ByteSink } from "../core/byte-sink.ts";
import { StreamError } from "../core/errors.ts";
import type { PartitionKey } from "../core/ids.ts";
import { createTaskStore } from "../state/create-task-store.ts";
import type { StoreHandle, TaskStore } from "../state/store.ts";
import { Cursor } from "../topology/cursor.ts";
import { instantiate, type TaskGraph } from "../topology/instantiate.ts";
import type { ProcessorNode, SinkNode } from "../topology/node.ts";
import type { LifecycleHooks, OperatorClock, Process, TaskFacts } from "../topology/operator.ts";
import type { PunctuationType } from "../topology/punctuation.ts";
import { RecordCache } from "../topology/record-cache.ts";
import { AheadCalls, type CallSurroundings } from "./ahead-calls.ts";
import type { Collector } from "./collector.ts";
import { GlobalStores } from "./global-stores.ts";
import { InputChoice } from "./input-choice.ts";
import { Punctuators } from "./punctuators.ts";
import { RecordFailures } from "./record-failures.ts";
import { RecordQueue } from "./record-queue.ts";

/** What a task tells about itself. */
export interface TaskCounts {
  processed: number;
  dropped: number;
  /** Records that an invalid timestamp, or a key or value that cannot be read, removed before any node. */
  skipped: number;
}

/** What a task works with beside its plan. */
export interface TaskSurroundings {
  readonly collector: Collector;
  /** Wall-clock time. */
  readonly nowMs: () => number;
  /** Undefined: the application has none. */
  readonly globals?: GlobalStores | undefined;
  /** See `InputPatience`; 0 without it. */
  readonly maxIdleMs?: number;
  /** For asynchronous functions; without it the task must have none. */
  readonly calls?: CallSurroundings;
}

interface Input {
  readonly queue: RecordQueue;
  /** Name of the source node. */
  readonly node: string;
  readonly process: Process;
}

/** A running task. */
export class Task {
  readonly plan: TaskPlan;
  readonly stores: readonly TaskStore[];
  readonly counts: TaskCounts = { processed: 0, dropped: 0, skipped: 0 };
  readonly failures: RecordFailures;
  private readonly inputs: Input[];
  private readonly choice: InputChoice<Input>;
  /** Inputs with asynchronous functions. */
  private readonly calling: readonly RecordQueue[];
  private readonly clocks = new Map<string, OperatorClock & { readonly initial: number }>();
  private readonly cursor = new Cursor();
  /** In the order in which they are flushed. */
  private readonly caches: readonly RecordCache[];
  private readonly collector: Collector;
  private readonly punctuators: Punctuators;
  private readonly hooks: LifecycleHooks[] = [];
  private readonly nowMs: () => number;
  private position: Position | undefined;
  private started = false;
  private streamTimeMs = -1;
  /** The input whose head is being processed, or was last: where a node fails, it is on that record. */
  private current: Input | undefined;
  /** User code asked for a commit since the last one. */
  commitRequested = false;

  constructor(plan: TaskPlan, position: Position | undefined, surroundings: TaskSurroundings) {
    const { collector, nowMs, globals, calls, maxIdleMs = 0 } = surroundings;
    this.plan = plan;
    this.position = position;
    this.collector = collector;
    this.nowMs = nowMs;
    this.punctuators = new Punctuators({
      stored: (id) => this.position?.clocks[`${plan.id}/${id}`],
      streamTimeMs: () => this.streamTimeMs,
      nowMs,
    });
    this.failures = new RecordFailures(plan.exceptionHandlers, collector);
    const cached = plan.cacheMaxBytes > 0;
    const scratch = { sink: new ByteSink(1024), copiesReads: this.failures.outlivesNodes || cached, cached };
    const stores = new Map<string, TaskStore>();
    for (const spec of plan.subTopology.stores) stores.set(spec.name, createTaskStore(spec, scratch));
    this.stores = [...stores.values()];
    const graph = this.graph(
      stores,
      globals ?? new GlobalStores([], { applicationId: plan.subTopology.applicationId, nowMs }),
    );
    this.caches = graph.caches;
    const probe = new Cursor();
    this.inputs = plan.inputs.map(({ topic, partition, key }) => {
      const source = graph.source(topic);
      const { keySerde, valueSerde, ahead } = source;
      const place = { topic, partition, keySerde, valueSerde };
      const queue = new RecordQueue(
        {
          ...place,
          calls: calls && ahead.length > 0 ? new AheadCalls(ahead, place, calls) : undefined,
          timestampExtractor: source.timestampExtractor,
          readsAhead: this.failures.readsAhead,
        },
        { position: position?.inputs[key] ?? 0, partitionTimeMs: position?.partitionTimes[key] ?? -1 },
        probe,
      );
      return { queue, node: source.node.name, process: source.process };
    });
    this.calling = this.queues.filter(({ source }) => source.calls !== undefined);
    this.choice = new InputChoice(this.inputs, { maxIdleMs, nowMs });
    this.streamTimeMs = Math.max(-1, ...this.inputs.map((input) => input.queue.partitionTimeMs));
  }

  /** The queue of an input partition. */
  queue(topic: string): RecordQueue {
    const found = this.inputs.find((input) => input.queue.source.topic === topic);
    if (found === undefined) throw new StreamError("INVARIANT_BROKEN", `task ${this.plan.id} does not read ${topic}`);
    return found.queue;
  }

  /** The queues of all inputs. */
  get queues(): readonly RecordQueue[] {
    return this.inputs.map((input) => input.queue);
  }

  /** Largest timestamp that this task has seen. */
  get streamTime(): number {
    return this.streamTimeMs;
  }

  /**
   * Processes records, and after each the punctuators that it made due; stops early when nothing may be taken, and when a
   * record has made more due than `max`: the rest is called next time, before the next record.
   * @param max Records and calls of punctuators, about.
   * @returns how many there were
   * @throws {StreamError} a failure that no handler lets pass; `failures.retry` is set when it is to be tried again
   */
  process(max: number): number {
    this.start();
    let done = this.punctuators.isBehind ? this.punctuate("streamTime", max) : 0;
    while (done < max && this.takeNext()) {
      done++;
      if (!this.punctuators.isEmpty) done += this.punctuate("streamTime", max);
    }
    return done;
  }

  /** Forwards what record caches hold back: the transaction is about to be sealed. */
  flush(): void {
    this.current = undefined;
    // A store may be named above the node that fills it, and is then flushed too early: again, until nothing waits.
    while (this.caches.some((cache) => !cache.isEmpty)) for (const cache of this.caches) cache.flush();
  }

  /** Processes one record, without what its stream time makes due. @returns whether there was one to take */
  processNext(): boolean {
    this.start();
    return this.takeNext();
  }

  /** Calls the punctuators that are due, `most` times at most. @returns how many calls */
  punctuate(type: PunctuationType, most = Number.POSITIVE_INFINITY): number {
    this.start();
    this.current = undefined;
    const { punctuators } = this;
    const calls = type === "streamTime" ? punctuators.punctuateStreamTime(most) : punctuators.punctuateWallClock(most);
    this.stopForRetry();
    return calls;
  }

  /** Whether asynchronous functions were called for records that are not taken yet. */
  get isCalling(): boolean {
    return this.calling.some(({ source }) => source.calls?.isEmpty === false);
  }

  /** When the next punctuator is due by wall-clock time; undefined when none is scheduled. */
  get nextWallClockMs(): number | undefined {
    return this.punctuators.nextWallClockMs();
  }

  /** Whether punctuators are due at other times than a position says: then the pin would wake at the wrong time. */
  hasOtherTimers({ clocks }: Position): boolean {
    for (const [id, dueMs] of this.punctuators.dueTimes()) if (clocks[`${this.plan.id}/${id}`] !== dueMs) return true;
    return false;
  }

  /** When a record that is there may be taken although an input has none; undefined when none waits for that. */
  get waitsUntilMs(): number | undefined {
    return this.choice.waitsUntilMs;
  }

  /** Lets user code start, if it has not: everything is restored now. */
  start(): void {
    if (this.started) return;
    this.started = true;
    this.punctuators.restart(() => {
      for (const { start } of this.hooks) start();
    });
  }

  /** Ends user code. */
  close(): void {
    for (const { source } of this.calling) source.calls?.clear();
    if (!this.started) return;
    this.started = false;
    for (const { close } of this.hooks) close();
  }

  /** @hotPath once per record */
  private takeNext(): boolean {
    for (const queue of this.calling) queue.look();
    const input = this.choice.next();
    if (input === undefined) return false;
    this.processHead(input);
    return true;
  }

  private processHead(input: Input): void {
    const { queue, node, process } = input;
    this.current = input;
    if (queue.headTimestampMs < 0) {
      if (queue.headFailure !== undefined)
        this.failures.handle({ phase: "deserialization", node }, queue.headFailure, queue);
      this.counts.skipped++;
    } else {
      if (queue.headTimestampMs > this.streamTimeMs) this.streamTimeMs = queue.headTimestampMs;
      queue.bindHead(this.cursor);
      process(this.cursor);
      this.stopForRetry();
      this.counts.processed++;
    }
    queue.take();
  }

  /** A function of the user's may have caught what its `forward` threw. */
  private stopForRetry(): void {
    if (this.failures.retry !== undefined) throw this.failures.retry.error;
  }

  /** Returns to a committed position: clocks, times and queues. Stores are returned by their own `drop`. User code starts anew. */
  rewind(position: Position): void {
    this.close();
    this.current = undefined;
    this.position = position;
    this.commitRequested = false;
    this.plan.inputs.forEach(({ key }, index) => {
      (this.inputs[index] as Input).queue.rewind(position.inputs[key] ?? 0, position.partitionTimes[key] ?? -1);
    });
    for (const [id, clock] of this.clocks) clock.value = position.clocks[id] ?? clock.initial;
    this.resetStoreTimes(position);
    this.failures.rewind(position.inputs);
    for (const cache of this.caches) cache.forget();
    this.streamTimeMs = Math.max(-1, ...this.inputs.map((input) => input.queue.partitionTimeMs));
  }

  /** Sets the stores' own stream times to those of a position. */
  resetStoreTimes(position: Position): void {
    for (const store of this.stores)
      store.storeTimeMs = position.storeTimes[`${this.plan.id}/${store.spec.name}`] ?? -1;
  }

  /** Writes what belongs to this task into a position. */
  addToPosition(position: {
    inputs: Record<PartitionKey, number>;
    partitionTimes: Record<PartitionKey, number>;
    clocks: Record<string, number>;
    storeTimes: Record<string, number>;
  }): void {
    this.plan.inputs.forEach(({ key }, index) => {
      const queue = (this.inputs[index] as Input).queue;
      position.inputs[key] = queue.position;
      position.partitionTimes[key] = queue.partitionTimeMs;
    });
    for (const [name, clock] of this.clocks) position.clocks[name] = clock.value;
    for (const [id, dueMs] of this.punctuators.dueTimes()) position.clocks[`${this.plan.id}/${id}`] = dueMs;
    for (const store of this.stores) position.storeTimes[`${this.plan.id}/${store.spec.name}`] = store.storeTimeMs;
  }

  /** What a punctuator forwarded came from no record that a handler could put aside: it always fails. */
  private failed(node: ProcessorNode | SinkNode, error: StreamError): void {
    if (this.current === undefined) throw error;
    const phase = node.kind === "sink" ? "production" : "processing";
    this.failures.handle({ phase, node: node.name }, error, this.current.queue);
    this.counts.dropped++;
  }

  private answer(node: string): unknown {
    const calls = this.current?.queue.source.calls;
    if (calls === undefined) throw new StreamError("INVARIANT_BROKEN", `${node} has called for no record of its task`);
    return calls.answer(node);
  }

  private clock(owner: string, name: string, initial: number): OperatorClock {
    const id = `${this.plan.id}/${owner}/${name}`;
    const shared = this.clocks.get(id);
    if (shared !== undefined) return shared;
    const clock = { value: this.position?.clocks[id] ?? initial, initial };
    this.clocks.set(id, clock);
    return clock;
  }

  private facts(): TaskFacts {
    return {
      applicationId: this.plan.subTopology.applicationId,
      taskId: this.plan.id,
      streamTimeMs: () => this.streamTimeMs,
      nowMs: this.nowMs,
      requestCommit: () => {
        this.commitRequested = true;
      },
    };
  }

  private graph(stores: ReadonlyMap<string, TaskStore>, globals: GlobalStores): TaskGraph {
    const { counts, collector } = this;
    return instantiate(this.plan.subTopology, {
      task: this.facts(),
      emit: (sink, topic, cursor) => collector.emit(sink, topic, cursor),
      store: <S extends StoreHandle>(name: string): S => {
        const store = stores.get(name);
        if (store === undefined)
          throw new StreamError("TOPOLOGY_INVALID", `store ${name} is not connected to a node of task ${this.plan.id}`);
        return store as unknown as S;
      },
      globalStore: (name) => globals.store(name),
      hasGlobalStore: (name) => globals.has(name),
      clock: (owner, name, initial) => this.clock(owner, name, initial),
      dropped: () => {
        counts.dropped++;
      },
      cache: (next) => {
        const { cacheMaxBytes } = this.plan;
        return cacheMaxBytes === 0 ? undefined : new RecordCache(next, cacheMaxBytes);
      },
      failed: (node, error) => this.failed(node, error),
      takeAgain: this.plan.cacheMaxBytes > 0 ? undefined : this.failures.takeAgain,
      answer: (node) => this.answer(node),
      schedule: (owner, options, fire) => this.punctuators.schedule(owner, options, fire),
      lifecycle: (hooks) => {
        this.hooks.push(hooks);
      },
    });
  }
}
