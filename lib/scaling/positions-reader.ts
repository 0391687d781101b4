import { readNewestPosition } from "../application/newest-position.ts";
import type { ApplicationPlan } from "../application/plan.ts";
import { decodePosition, type Position } from "../application/position.ts";
import { type PartitionKey, parsePartitionKey, partitionKey } from "../core/ids.ts";
import type { Log } from "../ports/log.ts";

/**
 * The newest position of every pin, read from the positions topic: the truth, also for pins without a worker.
 *
 * After the first look only what is new is read, with one fetch for all pins.
 */
export class PositionsReader {
  private readonly app: ApplicationPlan;
  private readonly log: Log;
  private readonly newest = new Map<number, Position>();
  private readonly readUpTo = new Map<PartitionKey, number>();

  constructor(app: ApplicationPlan, log: Log) {
    this.app = app;
    this.log = log;
  }

  /** The newest position seen, or undefined when a pin never committed. */
  of(pin: number): Position | undefined {
    return this.newest.get(pin);
  }

  /** Reads what is new. @throws {StreamError} when the log cannot be read: then lags are unknown */
  async refresh(): Promise<void> {
    const topic = this.app.positionsTopic;
    const partitions = this.app.pins.map(({ pin }) => ({ topic, partition: pin }));
    const ends = await this.log.offsets(partitions, "lso");
    const open = new Map<PartitionKey, number>();
    for (const { pin } of this.app.pins) {
      const key = partitionKey(topic, pin);
      const end = ends.get(key) ?? 0;
      const from = this.readUpTo.get(key);
      if (from === undefined) {
        if (end > 0) await this.firstLook(pin, key, end);
      } else if (from < end) open.set(key, from);
    }
    for (let rounds = 0; open.size > 0 && rounds < 100; rounds++) await this.readOn(open, ends);
  }

  private async firstLook(pin: number, key: PartitionKey, end: number): Promise<void> {
    const position = await readNewestPosition(this.log, this.app.positionsTopic, pin);
    if (position !== undefined) this.newest.set(pin, position);
    this.readUpTo.set(key, end);
  }

  private async readOn(open: Map<PartitionKey, number>, ends: ReadonlyMap<PartitionKey, number>): Promise<void> {
    const answers = await this.log.fetch({
      positions: open,
      maxWaitMs: 0,
      maxBytes: 4 << 20,
      maxPartitionBytes: 1 << 20,
    });
    for (const [key, answer] of answers) {
      if (answer.kind === "error") {
        // Compaction may move the log start past us, or a leader may move: look afresh next time.
        this.readUpTo.delete(key);
        open.delete(key);
        continue;
      }
      const { records } = answer;
      while (records.advance()) {
        const position = decodePosition(
          records.bytes.subarray(records.valueStart, records.valueStart + records.valueLength),
        );
        this.newest.set(parsePartitionKey(key).partition, position);
      }
      this.readUpTo.set(key, answer.next);
      if (answer.next >= (ends.get(key) ?? 0) || answer.next === open.get(key)) open.delete(key);
      else open.set(key, answer.next);
    }
  }
}
