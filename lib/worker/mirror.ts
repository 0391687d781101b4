import type { ApplicationPlan } from "../application/plan.ts";
import type { Position } from "../application/position.ts";
import { type PartitionKey, parsePartitionKey } from "../core/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Logger } from "../ports/logger.ts";
import type { Pin } from "../task/pin.ts";
import { physicalTopic } from "../topology/sub-topologies.ts";
import { findOutsideOffsets } from "./outside-offsets.ts";

/** What the mirror sees of a running pin. */
export type MirroredPin = Pick<Pin, "status">;

/**
 * What a worker does beside the transactions, every few seconds, and whose failure is only a warning: group offsets as a
 * mirror for lag tools, and deleting repartition records that are processed.
 *
 * Deletes stay below acknowledged positions, so nothing that a position needs goes (I10).
 */
export class Mirror {
  private readonly app: ApplicationPlan;
  private readonly ports: { log: Log; clock: Clock; logger: Logger };
  private readonly periods: { mirrorMs: number; purgeMs: number };
  private readonly repartitionTopics: ReadonlySet<string>;
  private mirroredAtMs = Number.NEGATIVE_INFINITY;
  private purgedAtMs = Number.NEGATIVE_INFINITY;
  private writing: Promise<void> | undefined;
  private readonly left = new Map<PartitionKey, number>();
  /** Partitions whose group offset was compared since their pin was acquired. */
  private readonly compared = new Set<PartitionKey>();

  constructor(
    app: ApplicationPlan,
    ports: { log: Log; clock: Clock; logger: Logger },
    periods: { mirrorMs: number; purgeMs: number },
  ) {
    this.app = app;
    this.ports = ports;
    this.periods = periods;
    this.repartitionTopics = repartitionTopics(app);
  }

  /** Starts what is due; never waits for it. */
  tick(pins: ReadonlyMap<number, MirroredPin>): void {
    if (this.writing !== undefined) return;
    const nowMs = this.ports.clock.monotonicMs();
    const mirror = nowMs - this.mirroredAtMs >= this.periods.mirrorMs;
    const purge = this.repartitionTopics.size > 0 && nowMs - this.purgedAtMs >= this.periods.purgeMs;
    if (!mirror && !purge) return;
    const running = new Map([...pins.values()].flatMap((pin) => inputsOf(pin.status().committed)));
    const offsets = this.takeLeft(running);
    if (offsets.size === 0) return;
    if (mirror) this.mirroredAtMs = nowMs;
    if (purge) this.purgedAtMs = nowMs;
    this.writing = this.write(offsets, { running, purge }).finally(() => {
      this.writing = undefined;
    });
  }

  /** A pin ends. Its last position is mirrored once more, unless it was fenced: then a newer owner mirrors. */
  ended(position: Position | undefined, how: { readonly fenced: boolean }): void {
    for (const [key, offset] of inputsOf(position)) {
      if (!how.fenced) this.left.set(key, offset);
      this.compared.delete(key);
    }
  }

  /** The last mirror of a worker that ends; nothing is under way afterwards. */
  async flush(): Promise<void> {
    await this.writing;
    const offsets = this.takeLeft(new Map());
    if (offsets.size > 0) await this.write(offsets, { running: new Map(), purge: false });
  }

  private takeLeft(running: ReadonlyMap<PartitionKey, number>): Map<PartitionKey, number> {
    const offsets = new Map([...this.left, ...running]);
    this.left.clear();
    return offsets;
  }

  private async write(
    offsets: ReadonlyMap<PartitionKey, number>,
    { running, purge }: { running: ReadonlyMap<PartitionKey, number>; purge: boolean },
  ): Promise<void> {
    const { log } = this.ports;
    await this.orWarn("mirror-failed", async () => {
      await this.compare(running);
      await log.commitOffsets(this.app.applicationId, offsets);
    });
    const processed = [...offsets].filter(([key]) => this.repartitionTopics.has(parsePartitionKey(key).topic));
    if (purge && processed.length > 0) await this.orWarn("purge-failed", () => log.deleteRecords(new Map(processed)));
  }

  /** One may fail for want of a right that the other does not need. */
  private async orWarn(event: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.ports.logger.warn(event, { error: String(error) });
    }
  }

  /** Before the first mirror of a pin overwrites them: were its group offsets changed by something else? */
  private async compare(running: ReadonlyMap<PartitionKey, number>): Promise<void> {
    const { log, logger } = this.ports;
    const fresh = new Map([...running].filter(([key]) => !this.compared.has(key)));
    if (fresh.size === 0) return;
    for (const { code, advice, message, details } of await findOutsideOffsets(log, this.app, fresh)) {
      logger.error("offsets-changed-outside", { code, advice, error: message, ...details });
    }
    for (const key of fresh.keys()) this.compared.add(key);
  }
}

function inputsOf(position: Position | undefined): [PartitionKey, number][] {
  return Object.entries(position?.inputs ?? {}) as [PartitionKey, number][];
}

/** The topics between the application's own sub-topologies, by their names on the broker: nobody else reads their records. */
function repartitionTopics({ applicationId, pins }: ApplicationPlan): ReadonlySet<string> {
  const nodes = new Set(pins.flatMap(({ tasks }) => tasks.flatMap(({ subTopology }) => subTopology.nodes)));
  const read = [...nodes].flatMap((node) => (node.kind === "source" ? node.topics : []));
  return new Set(read.filter(({ internal }) => internal).map((topic) => physicalTopic(topic, applicationId)));
}
