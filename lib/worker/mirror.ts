import type { ApplicationPlan } from "../application/plan.ts";
import type { Position } from "../application/position.ts";
import { type PartitionKey, parsePartitionKey } from "../core/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Logger } from "../ports/logger.ts";
import type { Pin } from "../task/pin.ts";

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
  private running = false;
  private readonly left = new Map<PartitionKey, number>();

  constructor(
    app: ApplicationPlan,
    ports: { log: Log; clock: Clock; logger: Logger },
    periods: { mirrorMs: number; purgeMs: number },
  ) {
    this.app = app;
    this.ports = ports;
    this.periods = periods;
    this.repartitionTopics = new Set(
      [...app.topics.keys()].filter(
        (topic) => topic.startsWith(`${app.applicationId}-`) && topic.endsWith("-repartition"),
      ),
    );
  }

  /** Starts what is due; never waits for it. */
  async tick(pins: ReadonlyMap<number, Pin>): Promise<void> {
    const nowMs = this.ports.clock.monotonicMs();
    if (this.running) return;
    const mirror = nowMs - this.mirroredAtMs >= this.periods.mirrorMs;
    const purge = this.repartitionTopics.size > 0 && nowMs - this.purgedAtMs >= this.periods.purgeMs;
    if (!mirror && !purge) return;
    if (mirror) this.mirroredAtMs = nowMs;
    if (purge) this.purgedAtMs = nowMs;
    this.running = true;
    void this.write(pins, purge).finally(() => {
      this.running = false;
    });
  }

  /** Remembers the last position of a pin that ends. */
  note(position: Position | undefined): void {
    for (const [key, offset] of Object.entries(position?.inputs ?? {})) this.left.set(key as PartitionKey, offset);
  }

  /** The last mirror of a worker that ends. */
  async flush(): Promise<void> {
    await this.write(new Map(), false);
  }

  private async write(pins: ReadonlyMap<number, Pin>, purge: boolean): Promise<void> {
    const offsets = new Map(this.left);
    this.left.clear();
    for (const pin of pins.values()) {
      for (const [key, offset] of Object.entries(pin.status().committed?.inputs ?? {}))
        offsets.set(key as PartitionKey, offset);
    }
    if (offsets.size === 0) return;
    try {
      await this.ports.log.commitOffsets(this.app.applicationId, offsets);
      if (purge)
        await this.ports.log.deleteRecords(
          new Map([...offsets].filter(([key]) => this.repartitionTopics.has(parsePartitionKey(key).topic))),
        );
    } catch (error) {
      this.ports.logger.warn("mirror-failed", { error: String(error) });
    }
  }
}
