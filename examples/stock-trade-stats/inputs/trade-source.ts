/** One trade as an input produces it. */
export interface Trade {
  readonly ticker: string;
  /** In dollars, whole cents. */
  readonly price: number;
  /** Shares; a positive integer. */
  readonly size: number;
  /** Event time. */
  readonly timestampMs: number;
  /** Partition of the topic `trades`: follows from the ticker. */
  readonly partition: number;
}

/** The topic that trades go to. */
export interface TradeTopic {
  readonly partitions: number;
  /** Partition of a key: the producer's partitioner. */
  readonly partitionFor: (ticker: string) => number;
}

/** What a person should know about an input: what of it is real and what is made up. */
export interface TradeSourceNote {
  readonly title: string;
  readonly real: string;
  readonly synthetic: string;
}

/**
 * An input of the example: trades as a pure function of a seed and of time, without a clock or timers inside.
 *
 * The caller asks as often as it likes with elapsed time that never goes back. One call does bounded work: when more
 * trades are due than fit, the rest comes with the next calls.
 */
export interface TradeSource {
  readonly name: "generator" | "nab";
  readonly note: TradeSourceNote;
  readonly tickers: readonly string[];
  /**
   * Hands over the trades that are due, in the order in which they are to be appended.
   *
   * @param elapsedMs Wall time since the start of the input.
   * @param loadFactor What the load slider multiplies; 0 is silence.
   * @returns how many trades were handed over
   */
  next(elapsedMs: number, loadFactor: number, emit: (trade: Trade) => void): number;
}
