import type { ApplicationPlan, PinPlan } from "../application/plan.ts";
import { nextTimerMs } from "../application/position.ts";
import type { PartitionKey } from "../core/ids.ts";
import type { Log } from "../ports/log.ts";
import type { Logger } from "../ports/logger.ts";
import { PositionsReader } from "./positions-reader.ts";
import type { PinObservation } from "./types.ts";

/** What a look at the log showed. */
export interface LagReport {
  readonly pins: readonly PinObservation[];
  /** Lag per input partition; absent when unknown. */
  readonly byPartition: ReadonlyMap<PartitionKey, number>;
}

interface Offsets {
  readonly ends: ReadonlyMap<PartitionKey, number>;
  readonly starts: ReadonlyMap<PartitionKey, number>;
}

/** Reads how far every pin is behind: committed end of its inputs minus its newest position. */
export class LagReader {
  private readonly app: ApplicationPlan;
  private readonly ports: { readonly log: Log; readonly logger: Logger };
  private readonly positions: PositionsReader;

  constructor(app: ApplicationPlan, ports: { readonly log: Log; readonly logger: Logger }) {
    this.app = app;
    this.ports = ports;
    this.positions = new PositionsReader(app, ports.log);
  }

  /** Looks once. What cannot be read is unknown, never 0. */
  async read(): Promise<LagReport> {
    const byPartition = new Map<PartitionKey, number>();
    try {
      const offsets = await this.offsets();
      await this.positions.refresh();
      const pins = this.app.pins.map((pin) => this.observe(pin, offsets, byPartition));
      return { pins, byPartition };
    } catch (error) {
      this.ports.logger.warn("lag-unknown", { error: String(error) });
      const unknown = { lag: "unknown", endTotal: undefined, positionTotal: undefined } as const;
      return { pins: this.app.pins.map(({ pin }) => ({ pin, ...unknown })), byPartition: new Map() };
    }
  }

  private async offsets(): Promise<Offsets> {
    const inputs = this.app.pins.flatMap((pin) => pin.tasks.flatMap((task) => task.inputs));
    const ends = await this.ports.log.offsets(inputs, "lso");
    const starts = await this.ports.log.offsets(inputs, "earliest");
    return { ends, starts };
  }

  private observe({ pin, tasks }: PinPlan, offsets: Offsets, byPartition: Map<PartitionKey, number>): PinObservation {
    const newest = this.positions.of(pin);
    const committed = newest?.inputs;
    let lag = 0;
    let endTotal = 0;
    let positionTotal = 0;
    for (const { key, offsetReset } of tasks.flatMap((task) => task.inputs)) {
      const end = offsets.ends.get(key) ?? 0;
      const position = committed?.[key];
      const start = offsetReset === "earliest" ? (offsets.starts.get(key) ?? 0) : end;
      const behind = Math.max(0, end - (position ?? start));
      byPartition.set(key, behind);
      // What does not begin at the first record has no beginning until a worker has written it down: that wakes the pin once.
      lag += position === undefined && offsetReset !== "earliest" ? 1 : behind;
      endTotal += end;
      positionTotal += position ?? 0;
    }
    return { pin, lag, endTotal, positionTotal, timerAtMs: newest && nextTimerMs(newest) };
  }
}
