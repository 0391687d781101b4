import { isDeepStrictEqual } from "node:util";

/** How long a secret is used. */
export interface SecretLife<T> {
  /** Says that a secret which was read so long ago has to be read again before it is used. */
  isDue(held: T, heldForMs: number): boolean;
  /** Says that a secret which is due can be used all the same, while it cannot be read. */
  isStillGood(held: T): boolean;
}

/**
 * A secret that all connections of a log share: read when the first one needs it, and again when it is due or no longer
 * accepted. Readers that come meanwhile share one read.
 */
export class HeldSecret<T> {
  private readonly read: () => Promise<T>;
  private readonly life: SecretLife<T>;
  private held: { readonly value: T; readonly sinceMs: number } | undefined;
  private reading: Promise<T> | undefined;

  constructor(read: () => Promise<T>, life: SecretLife<T>) {
    this.read = read;
    this.life = life;
  }

  /** The secret to use now. @throws what reading it throws, when there is no other that is still good */
  async get(): Promise<T> {
    const { held, life } = this;
    if (held === undefined) return this.readAgain();
    if (!life.isDue(held.value, performance.now() - held.sinceMs)) return held.value;
    try {
      return await this.readAgain();
    } catch (error) {
      if (!life.isStillGood(held.value)) throw error;
      return held.value;
    }
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
