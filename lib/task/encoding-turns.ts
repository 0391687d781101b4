/**
 * One snapshot of a worker is encoded at a time.
 *
 * Pins that began together reach the age of their snapshots together. Encoded side by side, each of them takes a slice whenever I/O
 * was looked at: records waited for as many slices as there are pins (0.4 s with six pins of 17,000 rows), and everything that is
 * frozen is in memory at once. Sending is not part of a turn.
 */
export class EncodingTurns {
  private last: Promise<unknown> = Promise.resolve();

  /** Does a work when everything that was asked for before it has ended. @throws what the work throws */
  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
