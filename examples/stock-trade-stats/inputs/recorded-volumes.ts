import { readFileSync } from "node:fs";
import { recordedTickers } from "./tickers.ts";

/** Length of one row of the files. */
export const ROW_INTERVAL_MS = 300_000;

/** Tweets that mention one ticker, per five minutes, in time order. */
export interface RecordedVolume {
  readonly ticker: string;
  /** Start of each interval; the files carry no time zone and are read as UTC. */
  readonly startsMs: Float64Array;
  readonly counts: Uint32Array;
}

/**
 * Parses one file: a heading, then `timestamp,value` rows.
 *
 * @throws {Error} naming the line that is not `YYYY-MM-DD HH:MM:SS,<integer>` or that goes back in time
 */
export function parseVolume(ticker: string, csv: string): RecordedVolume {
  const lines = csv.trim().split(/\r?\n/).slice(1);
  const startsMs = new Float64Array(lines.length);
  const counts = new Uint32Array(lines.length);
  for (const [index, line] of lines.entries()) {
    const comma = line.indexOf(",");
    const startMs = Date.parse(`${line.slice(0, comma).replace(" ", "T")}Z`);
    const count = Number(line.slice(comma + 1));
    const ordered = index === 0 || startMs > (startsMs[index - 1] ?? 0);
    if (!Number.isFinite(startMs) || !Number.isInteger(count) || count < 0 || !ordered) {
      throw new Error(`Cannot read the volume of ${ticker}: line ${index + 2} is "${line}"`);
    }
    startsMs[index] = startMs;
    counts[index] = count;
  }
  return { ticker, startsMs, counts };
}

/** Reads the ten files that come with the example. */
export function readRecordedVolumes(folder = new URL("../data/nab/", import.meta.url)): readonly RecordedVolume[] {
  return recordedTickers.map((ticker) =>
    parseVolume(ticker, readFileSync(new URL(`Twitter_volume_${ticker}.csv`, folder), "utf8")),
  );
}
