import type { FramePool } from "./frame-pool.ts";

const SIZE_BYTES = 4;
const SCRATCH_BYTES = 16 * 1024;
/** What claims to be longer is no frame of Kafka's. */
const MAX_FRAME_BYTES = 1024 * 1024 * 1024;
/**
 * So much is allocated on the word of the other side, more only when that many bytes have come: the first bytes of a TLS server
 * that does not expect us claim 336 MiB.
 */
const TRUSTED_BYTES = 32 * 1024 * 1024;

/**
 * Puts the frames of one socket together: `size int32`, then that many bytes.
 *
 * The socket reads straight into the frame, so an answer is copied once, by the kernel. `room` says where the next bytes
 * go, `received` how many came. Frames that are short come in a scratch buffer, several at a time.
 */
export class FrameReceiver {
  private readonly pool: FramePool;
  private readonly emit: (frame: Buffer) => void;
  private readonly scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  /** Bytes in `scratch` that belong to no frame yet. */
  private waiting = 0;
  /** Memory of the frame that is being read; how long the frame is, its size field included, and how much of it is there. */
  private frame: Buffer | undefined;
  private length = 0;
  private filled = 0;
  /** The other side does not speak in frames: what it says is handed on as it comes. */
  private isForeign = false;

  /** @param emit Takes each whole frame, its size field included. */
  constructor(pool: FramePool, emit: (frame: Buffer) => void) {
    this.pool = pool;
    this.emit = emit;
  }

  /** Where the socket writes what it reads next. */
  room(): Buffer {
    return this.frame === undefined ? this.scratch.subarray(this.waiting) : this.frame.subarray(this.filled);
  }

  /** The socket has written that many bytes into what `room` answered last. */
  received(count: number): void {
    if (this.frame === undefined) {
      this.takeApart(this.waiting + count);
      return;
    }
    this.filled += count;
    if (this.filled < this.frame.length) return;
    const full = this.frame;
    this.frame = this.filled < this.length ? this.grown(full) : undefined;
    if (this.frame === undefined) this.emit(full);
  }

  private grown(full: Buffer): Buffer {
    const larger = this.pool.take(Math.min(this.length, full.length * 2));
    full.copy(larger);
    this.pool.giveBack(full);
    return larger;
  }

  /** Emits the frames that lie whole in the first `end` bytes of `scratch`, and begins the one behind them. */
  private takeApart(end: number): void {
    const { scratch } = this;
    let at = 0;
    this.waiting = 0;
    while (!this.isForeign && end - at >= SIZE_BYTES) {
      const size = scratch.readInt32BE(at);
      this.isForeign = size < 0 || size > MAX_FRAME_BYTES;
      if (this.isForeign) break;
      const length = SIZE_BYTES + size;
      const frame = this.pool.take(Math.min(length, TRUSTED_BYTES));
      const here = Math.min(length, end - at);
      scratch.copy(frame, 0, at, at + here);
      at += here;
      if (here < length) {
        this.frame = frame;
        this.length = length;
        this.filled = here;
        return;
      }
      this.emit(frame);
    }
    if (this.isForeign) this.emit(Buffer.from(scratch.subarray(at, end)));
    else {
      scratch.copyWithin(0, at, end);
      this.waiting = end - at;
    }
  }
}
