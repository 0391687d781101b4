const PRICE_MIN_DOLLARS = 1;
const PRICE_MAX_DOLLARS = 2_000;
/** Largest move of one trade: 0.1 %. */
const STEP_RATIO = 0.001;

/** Made-up prices and sizes of one ticker: a seeded random walk in whole cents, and sizes with a few large ones. */
export class PriceWalk {
  private priceDollars: number;
  private readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
    this.priceDollars = 20 + random() * 380;
  }

  /** Price of the next trade. */
  nextPrice(): number {
    const moved = this.priceDollars * (1 + (this.random() * 2 - 1) * STEP_RATIO);
    this.priceDollars = Math.min(PRICE_MAX_DOLLARS, Math.max(PRICE_MIN_DOLLARS, moved));
    return Math.round(this.priceDollars * 100) / 100;
  }

  /** Size of the next trade: mostly small, at times a few hundred shares. */
  nextSize(): number {
    const draw = this.random();
    return 1 + Math.floor(draw * draw * draw * 500);
  }
}
