/** Smaller frames are not worth keeping: allocating them costs little. */
export const POOLED_BYTES = 64 * 1024;
/** All that is kept for the next frames. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** How much larger than needed a frame may be: a small answer that waits must not hold up the memory of a large one. */
const MOST_TIMES = 4;

/**
 * Memory of large requests and answers, used again when they were answered, and when their readers say that they are done.
 *
 * Without it each is new memory outside of the heap: the kernel clears its pages, and V8 collects the whole heap each
 * time some tens of megabytes of it were made, which took a fifth of a worker's processor time. A frame that nobody gives back
 * is collected like anything else, so forgetting one is never wrong; giving back what is still read would be.
 */
export class FramePool {
  /** In the order in which they came back. */
  private readonly kept: Buffer[] = [];
  private keptBytes = 0;
  /** By the memory behind any view of a frame. */
  private readonly lent = new WeakMap<ArrayBufferLike, Buffer>();

  /** A frame of `length` bytes; its content is whatever was there before. */
  take(length: number): Buffer {
    if (length < POOLED_BYTES) return Buffer.allocUnsafe(length);
    const frame = this.keptFor(length) ?? Buffer.allocUnsafeSlow(roundedUp(length));
    this.lent.set(frame.buffer, frame);
    return frame.subarray(0, length);
  }

  /** Takes back the frame that `view` is a part of; nobody reads any part of it from now on. What is no frame is left alone. */
  giveBack(view: Buffer): void {
    const frame = this.lent.get(view.buffer);
    if (frame === undefined) return;
    this.lent.delete(frame.buffer);
    if (frame.length > MAX_KEPT_BYTES) return;
    this.kept.push(frame);
    this.keptBytes += frame.length;
    // What nobody has taken for the longest time makes room: its size is not asked for any more.
    while (this.keptBytes > MAX_KEPT_BYTES) this.keptBytes -= (this.kept.shift() as Buffer).length;
  }

  private keptFor(length: number): Buffer | undefined {
    const at = this.kept.findIndex((frame) => frame.length >= length && frame.length <= length * MOST_TIMES);
    if (at < 0) return undefined;
    const [frame] = this.kept.splice(at, 1);
    this.keptBytes -= frame?.length ?? 0;
    return frame;
  }
}

/** Answers of about the same size can use each other's memory. */
function roundedUp(length: number): number {
  return 2 ** Math.ceil(Math.log2(length));
}
