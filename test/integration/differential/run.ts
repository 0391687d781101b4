import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type PartitionKey, partitionKey } from "../../../lib/core/ids.ts";
import { compressionCodecs } from "../../../lib/records/batch.ts";
import { compactSoon } from "../../conformance/log/harness.ts";
import { SeededRandom } from "../../support/virtual-clock.ts";
import { type GeneratedLog, generateLog, type Step, topicKinds } from "./generate.ts";
import { JavaPeer } from "./java-peer.ts";
import { OurPeer, type Seen } from "./our-peer.ts";
import { lineOf, type ReadLines, type ReadRange } from "./peers.ts";

const LOGS_PER_ROUND = 100;
const READS_PER_LOG = 5;
/** Logs that each peer writes at the same time: a log alone would mostly wait. */
const LANES = 4;

/** How much to compare. */
export interface DifferentialOptions {
  readonly bootstrap: string;
  readonly logs: number;
  /** Seed of the first log; the others follow. */
  readonly seed: number;
}

/** What came out. */
export interface DifferentialReport {
  readonly logs: number;
  readonly reads: number;
  readonly records: number;
  /** Batches by kind, as they were met while reading. */
  readonly seen: Seen;
  /** One line each: seed, what was read from where, and the first line that differs. */
  readonly mismatches: readonly string[];
}

interface PlacedLog {
  readonly log: GeneratedLog;
  readonly topic: string;
  readonly partition: number;
  readonly key: PartitionKey;
}

/**
 * Writes generated logs with Kafka's Java client and with ours, reads each with both from random offsets, and compares
 * offsets, times, keys, values and headers with each other and with what was committed.
 */
export async function runDifferential(options: DifferentialOptions): Promise<DifferentialReport> {
  const ours = await OurPeer.connect(options.bootstrap);
  const java = await JavaPeer.start(options.bootstrap);
  const run = new DifferentialRun(ours, java);
  try {
    const seeds = Array.from({ length: options.logs }, (_, index) => options.seed + index);
    while (seeds.length > 0) await run.round(seeds.splice(0, LOGS_PER_ROUND));
    const { reads, records, mismatches } = run;
    return { logs: options.logs, reads, records, mismatches, seen: ours.seen };
  } finally {
    await Promise.all([java.close(), ours.close()]);
  }
}

class DifferentialRun {
  reads = 0;
  records = 0;
  readonly mismatches: string[] = [];
  private readonly ours: OurPeer;
  private readonly java: JavaPeer;

  constructor(ours: OurPeer, java: JavaPeer) {
    this.ours = ours;
    this.java = java;
  }

  async round(seeds: readonly number[]): Promise<void> {
    const logs = await this.place(seeds.map(generateLog), seeds[0] ?? 0);
    const writes = logs.map(({ log, topic, partition }, index) => {
      const peer = log.writer === "java" ? this.java : this.ours;
      return peer.write({ topic, partition, lane: index % LANES }, log.steps);
    });
    await Promise.all(writes);
    await this.settled(logs);
    await this.compact(logs.filter(({ log }) => log.topicKind === "compact"));
    const ends = await this.settled(logs);
    const random = new SeededRandom(seeds[0]);
    for (let read = 0; read < READS_PER_LOG; read++) {
      const ranges = new Map<PartitionKey, ReadRange>();
      for (const [key, end] of ends) ranges.set(key, { from: read === 0 ? 0 : Math.floor(random.next() * end), end });
      await this.compare(logs, ranges, [1 << 20, 150, 2_000][read % 3] ?? 1);
    }
  }

  /** A partition for every log, in a topic with those of its kind. */
  private async place(logs: readonly GeneratedLog[], seed: number): Promise<PlacedLog[]> {
    const prefix = randomUUID().slice(0, 8);
    const placed = topicKinds.flatMap((kind) => {
      const topic = `${kind}-${prefix}`;
      const members = logs.filter(({ topicKind }) => topicKind === kind);
      return members.map((log, partition) => ({ log, topic, partition, key: partitionKey(topic, partition) }));
    });
    const codec = compressionCodecs[1 + (Math.floor(seed / LOGS_PER_ROUND) % 4)] ?? "gzip";
    const configs = {
      plain: {},
      "append-time": { "message.timestamp.type": "LogAppendTime" },
      compact: compactSoon,
      recompressed: { "compression.type": codec },
    };
    const topics = new Map(placed.map(({ topic, log }) => [topic, log.topicKind]));
    await this.ours.log.createTopics(
      [...topics].map(([name, kind]) => ({
        name,
        partitions: placed.filter(({ topic }) => topic === name).length,
        replicas: -1,
        configs: { "retention.ms": "-1", ...configs[kind] },
      })),
    );
    return placed;
  }

  /** Waits until no transaction is open. @returns the end of every log */
  private async settled(logs: readonly PlacedLog[]): Promise<ReadonlyMap<PartitionKey, number>> {
    for (;;) {
      const [stable, ends] = [await this.ours.log.offsets(logs, "lso"), await this.ours.log.offsets(logs, "hw")];
      if ([...ends].every(([key, end]) => stable.get(key) === end)) return ends;
      await sleep(20);
    }
  }

  /** Gives the broker time to compact, and then stops it, so that two readers find the same. */
  private async compact(logs: readonly PlacedLog[]): Promise<void> {
    const [first] = logs;
    if (first === undefined) return;
    const filler: Step = {
      kind: "batch",
      producer: "i-none",
      records: [{ timestampMs: Date.now(), key: Buffer.from("filler"), value: null, headers: [] }],
    };
    for (let rolled = 0; rolled < 2; rolled++) {
      await sleep(200);
      await Promise.all(logs.map(({ topic, partition }) => this.java.write({ topic, partition, lane: 0 }, [filler])));
    }
    await sleep(1_500);
    await this.java.alter(first.topic, { "cleanup.policy": "delete" });
    await sleep(300);
  }

  private async compare(
    logs: readonly PlacedLog[],
    ranges: ReadonlyMap<PartitionKey, ReadRange>,
    maxPartitionBytes: number,
  ): Promise<void> {
    const [theirs, ours] = await Promise.all([
      this.java.read(ranges, maxPartitionBytes),
      this.ours.read(ranges, maxPartitionBytes),
    ]);
    for (const { log, key } of logs) {
      const from = ranges.get(key)?.from ?? 0;
      const lines = linesAt(theirs, key);
      this.reads++;
      this.records += lines.length;
      const place = `seed ${log.seed}, written by ${log.writer}, ${log.topicKind}, from ${from}`;
      this.expectSame(`${place}: ours, Java's`, linesAt(ours, key), lines);
      if (from === 0 && log.topicKind !== "compact") this.expectCommitted(place, log, lines);
    }
  }

  private expectCommitted(place: string, log: GeneratedLog, lines: readonly string[]): void {
    const isTimed = log.topicKind !== "append-time";
    const read = lines.map((line) => withoutWords(line, isTimed ? 1 : 2));
    const committed = log.committed.map((record) => withoutWords(lineOf(record), isTimed ? 0 : 1));
    this.expectSame(`${place}: read, committed`, read, committed);
  }

  private expectSame(what: string, ours: readonly string[], theirs: readonly string[]): void {
    const at = Array.from({ length: Math.max(ours.length, theirs.length) }).findIndex((_, i) => ours[i] !== theirs[i]);
    if (at >= 0)
      this.mismatches.push(`${what}, record ${at}: ${ours[at]?.slice(0, 200)} | ${theirs[at]?.slice(0, 200)}`);
  }
}

function linesAt(lines: ReadLines, key: PartitionKey): readonly string[] {
  return lines.get(key) ?? [];
}

/** A line from its n-th word on. */
function withoutWords(line: string, count: number): string {
  return line.split(" ").slice(count).join(" ");
}
