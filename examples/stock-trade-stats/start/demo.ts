import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { LOAD_FACTOR_MAX } from "../../../lib/cli/start-options.ts";
import type { ConsoleActions, ConsoleInput, ConsoleState, LookUpQuery } from "../../../lib/console/state.ts";
import { StreamError } from "../../../lib/core/errors.ts";
import type { Logger } from "../../../lib/ports/logger.ts";
import { partitionForKey } from "../../../lib/serde/murmur2.ts";
import { LocalRuntime } from "../../../lib/testing/local-runtime.ts";
import { app } from "../app.ts";
import { generatedTrades } from "../inputs/generated-trades.ts";
import { readRecordedVolumes } from "../inputs/recorded-volumes.ts";
import { replayedTrades } from "../inputs/replayed-trades.ts";
import type { TradeSource } from "../inputs/trade-source.ts";
import { consoleRow, DemoAudit, type StatsRow } from "./demo-audit.ts";
import { DemoState } from "./demo-state.ts";
import { demoSettings, openPlatform } from "./platform.ts";
import { TRADES_TOPIC, TradeProducer } from "./producer.ts";

const PARTITIONS = 6;
const COMPARE_MS = 1_000;
const SAVE_MS = 5_000;
const WINDOW_SIZE_MS = 5_000;

/** What `npm start` was asked for. */
export interface DemoOptions {
  readonly data: string;
  readonly reset: boolean;
  readonly kafka: string | undefined;
  readonly input: "generator" | "nab";
  readonly load: number;
  /** Where log lines go beside the page. */
  readonly logger: (onLine: (event: string, fields: Readonly<Record<string, unknown>>) => void) => Logger;
}

/** Stock Trade Stats, running: input, runtime, audit, and what the page shows of them. */
export class Demo {
  private readonly state: DemoState;
  private readonly runtime: LocalRuntime;
  private readonly producer: TradeProducer;
  private readonly audit: DemoAudit;
  private readonly source: TradeSource;
  private readonly stopping = new AbortController();
  private loops: Promise<void>[] = [];

  private constructor(parts: {
    state: DemoState;
    runtime: LocalRuntime;
    producer: TradeProducer;
    audit: DemoAudit;
    source: TradeSource;
  }) {
    this.state = parts.state;
    this.runtime = parts.runtime;
    this.producer = parts.producer;
    this.audit = parts.audit;
    this.source = parts.source;
  }

  /**
   * Opens everything and starts it.
   *
   * @throws {StreamError} `FOLDER_IN_USE`, `BROKER_UNREACHABLE`, and what a deploy refuses
   */
  static async start(options: DemoOptions): Promise<Demo> {
    let state: DemoState | undefined;
    const logger = options.logger((event, fields) => state?.logged(event, fields));
    const opened = await openPlatform({
      ...options,
      logger,
      onLine: (_worker, event, fields) => state?.logged(event, fields),
      onExit: (worker, how) => state?.exited(worker, how),
    });
    const { platform } = opened;
    const { clock, log } = platform;
    const version = String(
      (JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as { version: string })
        .version,
    );
    state = new DemoState(
      {
        app: {
          id: app.id,
          mode: opened.mode,
          log: opened.log,
          workers: opened.workers,
          version,
          startedAtMs: clock.nowMs(),
        },
        partitions: PARTITIONS,
        windowSizeMs: WINDOW_SIZE_MS,
        deadAfterMs: demoSettings.lease.deadAfterMs,
      },
      () => clock.nowMs(),
    );
    const topic = (name: string) => ({ name, partitions: PARTITIONS, replicas: -1, configs: {} });
    await log.createTopics([topic(TRADES_TOPIC), topic("trade-stats-out")]);
    const audit = new DemoAudit(join(resolve(options.data), "audit.json"), clock);
    const read = await audit.catchUp(log, PARTITIONS);
    if (read > 0) state.event("start", `an earlier run left ${read} trades that nobody has compared yet`);
    const source = openSource(
      options.input,
      Math.max(audit.savedEventMs + 60_000, options.input === "generator" ? clock.nowMs() : 0),
    );
    const producer = new TradeProducer({
      source,
      log,
      clock,
      audit: audit.audit,
      settle: () => audit.catchUp(log, PARTITIONS),
      loadFactor: options.load,
      lastEventMs: audit.savedEventMs,
    });
    const shown = state;
    const runtime = new LocalRuntime({
      app,
      settings: demoSettings,
      platform,
      onTick: (report) => shown.ticked(report),
    });
    const demo = new Demo({ state, runtime, producer, audit, source });
    await demo.run();
    return demo;
  }

  private async run(): Promise<void> {
    await this.runtime.start();
    this.state.status = "running";
    const failed = (what: string) => (error: unknown) => {
      this.state.status = "failed";
      this.state.statusNote = `${what}: ${error instanceof Error ? error.message : String(error)}`;
      this.state.event("error", this.state.statusNote);
    };
    this.loops = [
      this.repeat("input", () => this.producer.run(this.stopping.signal)),
      this.repeat("comparison", () => this.compareOnce(), COMPARE_MS),
      this.repeat("saving", async () => this.audit.save(this.producer.lastEventMs), SAVE_MS),
    ];
    this.runtime.ended().catch(failed("coordinator"));
  }

  /** Runs a loop until the end; a failure is an event, and the loop goes on. */
  private async repeat(what: string, turn: () => Promise<void>, everyMs = 1_000): Promise<void> {
    const { clock } = this.runtime.platform;
    while (!this.stopping.signal.aborted) {
      try {
        await turn();
      } catch (error) {
        this.state.event("warning", `${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
      await clock.sleep(everyMs, this.stopping.signal);
    }
  }

  private async compareOnce(): Promise<void> {
    const tables = await this.runtime.tables();
    await this.audit.compare(tables.get<string, StatsRow>("trade-stats"), this.runtime.platform.log);
  }

  /** What the page shows now. */
  consoleState(): ConsoleState {
    const { note } = this.source;
    const input: ConsoleInput = {
      ...note,
      perSecond: this.producer.perSecond,
      total: this.producer.total,
      loadFactor: this.producer.loadFactor,
      loadFactorMax: LOAD_FACTOR_MAX,
    };
    return this.state.build(input, this.audit);
  }

  /** What the page can do. */
  readonly actions: ConsoleActions = {
    kill: async (worker) => {
      if (!(await this.runtime.platform.launcher.list()).includes(worker)) return { kind: "gone" };
      this.state.killed(worker);
      return { kind: (await this.runtime.platform.launcher.kill(worker)) ? "killed" : "gone" };
    },
    setLoad: (factor) => {
      this.producer.loadFactor = factor;
      this.state.event("load", `load factor ${factor}`);
    },
    lookUp: async (query) => this.lookUp(query),
  };

  private async lookUp({ store, key, fromMs, toMs, freshness }: LookUpQuery) {
    const { clock } = this.runtime.platform;
    const startMs = clock.monotonicMs();
    const bounds = {
      freshness,
      ...(fromMs === undefined ? {} : { from: fromMs }),
      ...(toMs === undefined ? {} : { to: toMs }),
    };
    const answer = await (await this.runtime.tables()).get<string, StatsRow>(store).windows(key, bounds);
    return {
      store,
      key,
      freshness,
      pin: answer.pin,
      rows: answer.rows.slice(-200).map(consoleRow),
      position: answer.position,
      snapshotVersion: answer.snapshotVersion ?? null,
      tailRecords: answer.tailRecords,
      tookMs: clock.monotonicMs() - startMs,
    };
  }

  /** Ends in order: the input first, then workers, then a last comparison's state is kept. */
  async stop(): Promise<void> {
    this.state.status = "draining";
    this.stopping.abort();
    await Promise.all(this.loops);
    this.audit.save(this.producer.lastEventMs);
    await this.runtime.stop();
    this.state.status = "stopped";
  }
}

function openSource(input: "generator" | "nab", startAtMs: number): TradeSource {
  const topic = {
    partitions: PARTITIONS,
    partitionFor: (ticker: string) => partitionForKey(Buffer.from(ticker), PARTITIONS),
  };
  if (input === "generator") return generatedTrades({ seed: 1, topic, startAtMs });
  const volumes = readRecordedVolumes();
  if (volumes.length === 0)
    throw new StreamError(
      "CONFIG_INVALID",
      "the recorded volumes are missing: examples/stock-trade-stats/data/nab is empty",
    );
  return replayedTrades({ volumes, topic, seed: 1, ...(startAtMs > 60_000 ? { startAtMs } : {}) });
}
