import { isDeepStrictEqual } from "node:util";

/**
 * A secret that all connections of a log share: read when the first one needs it, and again when it is due or no longer
 * accepted. Readers that come meanwhile share one read.
 */
export class HeldSecret<T> {
  private readonly read: () => Promise<T>;
  private readonly isDue: (held: T, heldForMs: number) => boolean;
  private held: { readonly value: T; readonly sinceMs: number } | undefined;
  private reading: Promise<T> | undefined;

  /** @param isDue Says that a secret which was read so long ago has to be read again before it is used. */
  constructor(read: () => Promise<T>, isDue: (held: T, heldForMs: number) => boolean) {
    this.read = read;
    this.isDue = isDue;
  }

  /** The secret to use now. @throws what reading it throws */
  async get(): Promise<T> {
    const { held } = this;
    if (held === undefined || this.isDue(held.value, performance.now() - held.sinceMs)) return this.readAgain();
    return held.value;
  }

  /**
   * The secret was refused: reads it again, unless that has been done since it was taken.
   * @returns whether there is another one now, so that one more try makes sense
   */
  async hasChanged(refused: T): Promise<boolean> {
    const current = this.held === undefined || this.held.value === refused ? await this.readAgain() : this.held.value;
    return !isDeepStrictEqual(current, refused);
  }

  private readAgain(): Promise<T> {
    this.reading ??= this.read()
      .then((value) => {
        this.held = { value, sinceMs: performance.now() };
        return value;
      })
      .finally(() => {
        this.reading = undefined;
      });
    return this.reading;
  }
}
