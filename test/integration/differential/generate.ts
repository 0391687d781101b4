import type { Compression } from "../../../lib/records/batch.ts";
import { compressionCodecs } from "../../../lib/records/batch.ts";
import type { Header } from "../../../lib/records/reader.ts";
import { SeededRandom } from "../../support/virtual-clock.ts";

/** A record to write. */
export interface LogRecord {
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
}

/** A producer by name: transactional (`t`) or only idempotent (`i`), and its codec. */
export type ProducerName = `${"t" | "i"}-${Compression}`;

/** One thing that a producer does. A batch is written as one and has reached the log before the next step. */
export type Step =
  | { readonly kind: "begin" | "commit" | "abort"; readonly producer: ProducerName }
  | { readonly kind: "batch"; readonly producer: ProducerName; readonly records: readonly LogRecord[] };

/** Settings of the topic that a log lies in. */
export const topicKinds = ["plain", "append-time", "compact", "recompressed"] as const;

/** A log to write into a partition of its own, and what committed readers must find in it. */
export interface GeneratedLog {
  readonly seed: number;
  readonly writer: "java" | "ours";
  readonly topicKind: (typeof topicKinds)[number];
  readonly steps: readonly Step[];
  /** In the order of the log; compaction takes some away. */
  readonly committed: readonly LogRecord[];
}

const BASE_TIME_MS = 1_600_000_000_000;
/** Few, so that compaction has something to do; among them the bytes of an abort marker (the int32 0). */
const keys = [Buffer.alloc(4), ...["", "a", "b", "key of some length", "価格"].map((key) => Buffer.from(key))];

/** Makes a log from a seed: the same seed, the same log. */
export function generateLog(seed: number): GeneratedLog {
  return new Generator(seed).log();
}

class Generator {
  private readonly seed: number;
  private readonly random: SeededRandom;
  private readonly steps: Step[] = [];
  private readonly committed: { readonly at: number; readonly records: readonly LogRecord[] }[] = [];
  private readonly open = new Map<ProducerName, { at: number; records: readonly LogRecord[] }[]>();
  private keyless = true;

  constructor(seed: number) {
    this.seed = seed;
    this.random = new SeededRandom(seed);
    for (let skipped = 0; skipped < 5; skipped++) this.random.next(); // seeds that follow each other begin alike
  }

  log(): GeneratedLog {
    const writer = this.chance(0.3) ? "ours" : "java";
    const topicKind = this.pick(topicKinds);
    this.keyless = topicKind !== "compact";
    const first = this.below(compressionCodecs.length);
    const producers: ProducerName[] = [0, 1, 3].map(
      (step) => `t-${compressionCodecs[(first + step) % 5] ?? "none"}` as const,
    );
    // Ours is always transactional.
    if (writer === "java" && this.chance(0.6)) producers.push(`i-${this.pick(compressionCodecs)}`);
    for (let actions = 4 + this.below(14); actions > 0; actions--) this.act(this.pick(producers));
    for (const producer of [...this.open.keys()]) this.end(producer);
    if (topicKind === "compact" && this.chance(0.7)) this.overwrite(producers[0] ?? "t-none");
    const committed = this.committed.toSorted((a, b) => a.at - b.at).flatMap(({ records }) => records);
    return { seed: this.seed, writer, topicKind, steps: this.steps, committed };
  }

  private act(producer: ProducerName): void {
    if (producer.startsWith("i")) {
      this.committed.push(this.batch(producer));
      return;
    }
    const written = this.open.get(producer);
    if (written === undefined) {
      this.steps.push({ kind: "begin", producer });
      this.open.set(producer, [this.batch(producer)]);
    } else if (this.chance(0.5)) written.push(this.batch(producer));
    else this.end(producer);
  }

  private end(producer: ProducerName): void {
    const kind = this.chance(0.45) ? "abort" : "commit";
    this.steps.push({ kind, producer });
    if (kind === "commit") this.committed.push(...(this.open.get(producer) ?? []));
    this.open.delete(producer);
  }

  /** Every key once more: compaction can empty what was there, and keeps a header where a sequence is still needed. */
  private overwrite(producer: ProducerName): void {
    this.steps.push({ kind: "begin", producer });
    const last = this.batch(
      producer,
      keys.map((key) => ({ ...this.record(), key })),
    );
    this.steps.push({ kind: "commit", producer });
    this.committed.push(last);
  }

  private batch(producer: ProducerName, records = this.records()) {
    this.steps.push({ kind: "batch", producer, records });
    return { at: this.steps.length, records };
  }

  private records(): LogRecord[] {
    return Array.from({ length: 1 + this.below(this.chance(0.1) ? 40 : 5) }, () => this.record());
  }

  private record(): LogRecord {
    const headerCount = this.chance(0.3) ? 1 + this.below(3) : 0;
    return {
      timestampMs: this.chance(0.05) ? this.below(1_000) : BASE_TIME_MS + this.below(10_000_000),
      key: this.key(),
      value: this.chance(0.12) ? null : this.content(),
      headers: Array.from({ length: headerCount }, () => ({
        key: this.pick(["", "trace", "größe", "💶"]),
        value: this.chance(0.2) ? null : this.content(),
      })),
    };
  }

  private key(): Buffer | null {
    return this.keyless && this.chance(0.15) ? null : this.pick(keys);
  }

  /** Empty, text that compresses, or noise that does not. */
  private content(): Buffer {
    const size = this.chance(0.06) ? this.below(20_000) : this.below(90);
    if (this.chance(0.5)) return Buffer.alloc(size, `${this.below(1_000)} trades at ${this.below(10)}; `);
    return Buffer.from(Array.from({ length: size }, () => this.below(256)));
  }

  private chance(probability: number): boolean {
    return this.random.next() < probability;
  }

  private below(limit: number): number {
    return Math.floor(this.random.next() * limit);
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}
