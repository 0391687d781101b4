import type { TradeTopic } from "./trade-source.ts";

/** The ten tickers of the real files in `data/nab`. */
export const recordedTickers = ["AAPL", "AMZN", "CRM", "CVS", "FB", "GOOG", "IBM", "KO", "PFE", "UPS"] as const;

const MORE_TICKERS =
  "MSFT NVDA TSLA JPM XOM DIS NKE INTC AMD ORCL CSCO PEP WMT COST MCD BA CAT GE HON MMM UNH JNJ MRK ABBV V MA AXP GS SBUX TGT".split(
    " ",
  );

/** How many made-up names to try when a topic has more partitions than the known tickers reach. */
const EXTRA_TICKERS_MAX = 20_000;

/**
 * The recorded tickers and as many more as it takes for every partition of the topic to have work.
 *
 * @param perPartition How many tickers each partition gets at least.
 */
export function tickersFor(topic: TradeTopic, perPartition = 2): readonly string[] {
  const counts = new Array<number>(topic.partitions).fill(0);
  const tickers: string[] = [];
  let missing = topic.partitions * perPartition;
  const add = (ticker: string): void => {
    const partition = topic.partitionFor(ticker);
    const before = counts[partition] ?? 0;
    counts[partition] = before + 1;
    if (before < perPartition) missing -= 1;
    tickers.push(ticker);
  };
  for (const ticker of recordedTickers) add(ticker);
  for (const ticker of MORE_TICKERS) add(ticker);
  for (let extra = 1; missing > 0 && extra <= EXTRA_TICKERS_MAX; extra += 1) {
    const ticker = `X${extra}`;
    if ((counts[topic.partitionFor(ticker)] ?? perPartition) < perPartition) add(ticker);
  }
  return tickers;
}
