import { type PartitionKey, parsePartitionKey } from "../core/ids.ts";
import type { RecordQueue } from "./record-queue.ts";
import type { Task } from "./task.ts";

/** The record queues of a pin's tasks by partition, and whether one of them is left out of fetches because it has enough. */
export class PinQueues {
  readonly byPartition = new Map<PartitionKey, RecordQueue>();
  private isFull = false;

  /** Takes the queues of new tasks. */
  adopt(tasks: readonly Task[]): void {
    this.byPartition.clear();
    for (const task of tasks)
      for (const { key } of task.plan.inputs) this.byPartition.set(key, task.queue(parsePartitionKey(key).topic));
  }

  /** Adds the offsets to fetch next; none of a queue that has `maxBufferedBytes`. */
  wants(positions: Map<PartitionKey, number>, maxBufferedBytes: number): void {
    for (const [key, queue] of this.byPartition) {
      if (queue.bufferedBytes < maxBufferedBytes) positions.set(key, queue.fetchNext);
      else this.isFull = true;
    }
  }

  /** Whether a queue was left out since this was last taken: it may have room again. */
  takeWasFull(): boolean {
    const { isFull } = this;
    this.isFull = false;
    return isFull;
  }
}
