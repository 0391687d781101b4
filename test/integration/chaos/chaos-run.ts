import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { ensureTable } from "../../../lib/adapters/dynamodb/ensure-table.ts";
import { createKafkaLog } from "../../../lib/adapters/kafka/kafka-log.ts";
import type { Log } from "../../../lib/ports/log.ts";
import { redrive } from "../../../lib/worker/redrive.ts";
import type { AwsAddress } from "../../support/servers/aws-server.ts";
import { type KafkaServer, startKafka } from "../../support/servers/kafka.ts";
import type { TcpProxy } from "../../support/tcp-proxy.ts";
import { chaosApps, chaosSettings, DEAD_TOPIC, PARTITIONS, TRADE_LOTS, userTopics } from "./apps.ts";
import { type CheckResult, runChecks } from "./checks.ts";
import { Deployment, type SeenLine, type WorkerLife } from "./deployment.ts";
import { awsSettings, type Places } from "./places.ts";
import { forgetMended, mend } from "./poison.ts";
import { TradeFeed } from "./trade-feed.ts";

const POLL_MS = 50;
const LINES_KEPT = 20_000;
const FEED_END_LIMIT_MS = 60_000;

/** What a run works with. */
export interface ChaosOptions {
  readonly s3: AwsAddress;
  readonly dynamodb: AwsAddress;
  readonly feed: {
    readonly seed: number;
    readonly perSecond: number;
    readonly enough?: number;
    readonly producers: number;
  };
  /** Workers reach the broker through a proxy on which network faults can be put. */
  readonly networkFaults?: boolean;
}

/**
 * Both applications on a broker of their own, fed with trades, so that faults can be put on everything.
 *
 * `open`, `start`, faults, `settle`, `check`, and `close` in every case.
 */
export class ChaosRun {
  /** Name of bucket, table and log file. */
  readonly name: string;
  readonly broker: KafkaServer;
  readonly deployments: readonly Deployment[];
  readonly feed: TradeFeed;
  readonly lines: SeenLine[];
  /** Trades that were put aside and brought back. */
  redriven = 0;
  private readonly feedLog: Log;
  private readonly listeners: Set<(line: SeenLine) => void>;

  private constructor(parts: {
    name: string;
    broker: KafkaServer;
    deployments: readonly Deployment[];
    feed: TradeFeed;
    feedLog: Log;
    lines: SeenLine[];
    listeners: Set<(line: SeenLine) => void>;
  }) {
    this.name = parts.name;
    this.broker = parts.broker;
    this.deployments = parts.deployments;
    this.feed = parts.feed;
    this.feedLog = parts.feedLog;
    this.lines = parts.lines;
    this.listeners = parts.listeners;
  }

  /** Starts the broker and makes bucket, table and topics. */
  static async open(options: ChaosOptions): Promise<ChaosRun> {
    const broker = await startKafka({ ownController: true, proxied: options.networkFaults ?? false });
    try {
      return await ChaosRun.on(broker, options);
    } catch (error) {
      await broker.stop();
      throw error;
    }
  }

  private static async on(broker: KafkaServer, options: ChaosOptions): Promise<ChaosRun> {
    const { s3, dynamodb } = options;
    const name = `chaos-${randomUUID()}`;
    const places: Places = { brokers: [broker.bootstrap], s3, dynamodb, bucket: name, table: name };
    const workerBrokers = [broker.proxied?.bootstrap ?? broker.bootstrap];
    const client = new S3Client({ ...awsSettings(s3), forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: name }));
    client.destroy();
    await ensureTable(name, awsSettings(dynamodb));
    const feedLog = await createKafkaLog({ brokers: places.brokers, clientId: "feed" });
    await feedLog.createTopics(
      userTopics.map((topic) => ({ name: topic, partitions: PARTITIONS, replicas: 1, configs: {} })),
    );
    const lines: SeenLine[] = [];
    const keep = (line: SeenLine): void => {
      if (lines.push(line) > 2 * LINES_KEPT) lines.splice(0, LINES_KEPT);
    };
    const listeners = new Set([keep]);
    const onLine = (line: SeenLine): void => {
      for (const listener of listeners) listener(line);
    };
    const deployments = await Promise.all(
      Object.keys(chaosApps).map((app) =>
        Deployment.open(app, { places, workerBrokers, settings: chaosSettings, mendedFile: mendedFile(name), onLine }),
      ),
    );
    const feed = new TradeFeed({ log: feedLog, ...options.feed });
    return new ChaosRun({ name, broker, deployments, feed, feedLog, lines, listeners });
  }

  /** Starts coordinators and input. */
  start(): void {
    for (const deployment of this.deployments) deployment.start();
    this.feed.start();
  }

  /** Waits, with a bound; what went on until then is in the error. */
  async until(what: string, limitMs: number, done: () => boolean): Promise<void> {
    const giveUpAtMs = performance.now() + limitMs;
    while (!done()) {
      const failed = this.deployments.find(({ failure }) => failure !== undefined);
      if (failed !== undefined) throw new Error(`${failed.app.id}: the coordinator failed: ${String(failed.failure)}`);
      if (performance.now() > giveUpAtMs)
        throw new Error(`not within ${limitMs / 1_000} s: ${what}\n${this.describe()}`);
      await sleep(POLL_MS);
    }
  }

  /** A healthy worker of an application that holds a pin, the one with the most. */
  async victim(deployment: Deployment): Promise<WorkerLife> {
    const pinsOf = ({ worker }: WorkerLife): number => deployment.pinsOf(worker).length;
    await this.until(`a healthy worker of ${deployment.app.id} holds a pin`, 40_000, () =>
      deployment.healthy().some((life) => pinsOf(life) > 0),
    );
    return [...deployment.healthy()].sort((a, b) => pinsOf(b) - pinsOf(a))[0] as WorkerLife;
  }

  /** Whether a worker has said that it runs a pin. */
  hasRun(worker: string, pin: number): boolean {
    return this.lines.some(
      ({ actor, event, fields }) => actor === worker && event === "pin-running" && fields["pin"] === pin,
    );
  }

  /** The code is mended and the input ends, and then everything else does, by itself; what was put aside is brought back. */
  async settle(limitMs: number): Promise<void> {
    mend(mendedFile(this.name));
    this.feed.stop();
    for (const { workers, launcher } of this.deployments)
      for (const { worker, fault, ended } of workers.values())
        if (fault === "frozen" && ended === undefined) launcher.signal(worker, "SIGCONT");
    let ended = false;
    const feeding = this.feed.finished().finally(() => {
      ended = true;
    });
    await this.until("the producers end", FEED_END_LIMIT_MS, () => ended);
    await feeding;
    await this.untilDrained(limitMs);
    await this.redrive();
    await this.untilDrained(limitMs);
    for (const deployment of this.deployments) await deployment.stopCoordinator();
  }

  private async untilDrained(limitMs: number): Promise<void> {
    const seen = this.deployments.map(({ ticks }) => ticks);
    // A look that had begun before may not have seen what was written last.
    const hasLooked = ({ ticks }: Deployment, index: number): boolean => ticks > (seen[index] ?? 0) + 1;
    await this.until("both applications are drained", limitMs, () =>
      this.deployments.every((deployment, index) => hasLooked(deployment, index) && deployment.drained),
    );
  }

  /** Brings back what could not be counted: some of it first, as if whoever did it had died, then all. */
  private async redrive(): Promise<void> {
    const { app, ports } = this.deployments.find((deployment) => deployment.app.id === TRADE_LOTS) as Deployment;
    const some = await redrive(app, ports.log, { topic: DEAD_TOPIC, limit: 10 });
    const rest = await redrive(app, ports.log, { topic: DEAD_TOPIC });
    for (const count of [some, rest].flatMap(({ redriven }) => Object.values(redriven))) this.redriven += count;
    this.note(TRADE_LOTS, "redriven", { records: this.redriven });
  }

  check(onCheck?: (result: CheckResult) => void): Promise<readonly CheckResult[]> {
    return runChecks({ deployments: this.deployments, feed: this.feed, ...(onCheck === undefined ? {} : { onCheck }) });
  }

  /** How often each event was logged. */
  count(event: string): number {
    return this.lines.filter((line) => line.event === event).length;
  }

  /** Where things stand, and what everyone logged last, for an error. */
  describe(): string {
    const last = new Map<string, SeenLine>();
    for (const line of this.lines) {
      last.delete(`${line.actor} ${line.event}`);
      last.set(`${line.actor} ${line.event}`, line);
    }
    return [
      ...this.deployments.map((deployment) => deployment.describe()),
      `feed: ${this.feed.committedCount} trades, troubles: ${this.feed.troubles.slice(-3).join(" | ")}`,
      ...[...last.values()].slice(-40).map((line) => this.tell(line)),
    ].join("\n");
  }

  /** Adds a line of the run's own. */
  note(app: string, event: string, fields: Readonly<Record<string, unknown>>): void {
    const line = { atMs: performance.now(), app, actor: "chaos", event, fields };
    for (const listener of this.listeners) listener(line);
  }

  /** Follows what is logged from now on. */
  onEachLine(listener: (line: SeenLine) => void): void {
    this.listeners.add(listener);
  }

  /** The way of the workers to the broker. */
  get network(): TcpProxy {
    const { proxied } = this.broker;
    if (proxied === undefined) throw new Error("open the run with networkFaults");
    return proxied.proxy;
  }

  /** Keeps what was logged for whoever looks for the cause. @returns the file */
  saveLog(): string {
    const file = join(tmpdir(), `millrace-${this.name}.log`);
    writeFileSync(file, this.lines.map((line) => `${this.tell(line, 2_000)}\n`).join(""));
    return file;
  }

  /** A line with the time since the first one. */
  tell({ atMs, app, actor, event, fields }: SeenLine, limit = 400): string {
    const seconds = ((atMs - (this.lines[0]?.atMs ?? atMs)) / 1_000).toFixed(1);
    const { time: _time, level: _level, worker: _worker, ...facts } = fields;
    return `${seconds.padStart(6)} ${app} ${actor}: ${event} ${JSON.stringify(facts)}`.slice(0, limit);
  }

  /** Ends everything that was started, whatever state it is in. */
  async close(): Promise<void> {
    this.feed.abandon();
    await Promise.all(this.deployments.map((deployment) => deployment.close()));
    await this.feedLog.close();
    await this.feed.finished().catch(() => undefined); // what it has to say was said by the checks
    await this.broker.stop();
    forgetMended(mendedFile(this.name));
  }
}

/** Says to the workers of a run that their code is mended. */
function mendedFile(name: string): string {
  return join(tmpdir(), `${name}-mended`);
}
