import { type BufferedChange, bufferedBytes } from "./buffered-change.ts";
import type { ChangeBuffer } from "./store.ts";
import { TimeHeap } from "./time-heap.ts";
import { TimestampedKeyValueStore } from "./timestamped-key-value-store.ts";

/**
 * Changes that wait, one per row, and their order by time: what the buffers of tables and of joins share.
 *
 * The order is not stored: it is made again from the rows after a restore or an abort, when it is needed.
 */
export abstract class ChangeBufferStore extends TimestampedKeyValueStore implements ChangeBuffer {
  private readonly order = new TimeHeap();
  private heldBytes = 0;
  /** The order does not fit the rows any more. */
  private stale = false;

  /** The time that a change waits by, in ms. */
  protected abstract timeOf(change: BufferedChange): number;

  get waitingCount(): number {
    this.refresh();
    return this.order.size;
  }

  get waitingBytes(): number {
    this.refresh();
    return this.heldBytes;
  }

  get firstTimeMs(): number {
    this.refresh();
    return this.order.firstMs;
  }

  waiting(keyText: string): BufferedChange | undefined {
    return this.get(keyText)?.value as BufferedChange | undefined;
  }

  hold(keyText: string, change: BufferedChange): void {
    this.refresh();
    const former = this.waiting(keyText);
    if (former === undefined) this.order.add(keyText, this.timeOf(change));
    else this.heldBytes -= bufferedBytes(keyText, former);
    this.heldBytes += bufferedBytes(keyText, change);
    this.put(keyText, change, change.timestampMs);
  }

  first(): readonly [string, BufferedChange] {
    this.refresh();
    const keyText = this.order.firstKey;
    return [keyText, this.waiting(keyText) as BufferedChange];
  }

  takeFirst(): readonly [string, BufferedChange] {
    const [keyText, change] = this.first();
    this.order.take();
    this.heldBytes -= bufferedBytes(keyText, change);
    this.put(keyText, null, change.timestampMs);
    return [keyText, change];
  }

  override drop(): void {
    super.drop();
    this.stale = true;
  }

  /** @hotPath once per restored row */
  override row(keyText: string, bytes: Buffer, valueStart: number, valueLength: number, timestampMs: number): void {
    super.row(keyText, bytes, valueStart, valueLength, timestampMs);
    this.stale = true;
  }

  private refresh(): void {
    if (!this.stale) return;
    this.stale = false;
    this.order.clear();
    this.heldBytes = 0;
    for (const [keyText, { value }] of this.range(undefined, undefined)) {
      const change = value as BufferedChange;
      this.order.add(keyText, this.timeOf(change));
      this.heldBytes += bufferedBytes(keyText, change);
    }
  }
}
