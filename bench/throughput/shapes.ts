/** What the comparison can run: the keys of `shapeApps`, and the shapes of the Java peer. */
export type ShapeName = "keyed-count" | "hopping" | "session" | "join" | "stream-join" | "filter" | "json";

/** One kind of work, and the input that it needs. */
export interface Shape {
  readonly shape: ShapeName;
  /** What `npm run bench -- NAME` calls it. */
  readonly name: string;
  readonly summary: string;
  readonly records: number;
  readonly quickRecords: number;
  readonly keys: number;
  readonly values: "text" | "trades";
  /** A second input: a table of one row per key, older than every record of the first one; or a stream as long, at the same times. */
  readonly other: "none" | "table" | "stream";
  /** How the output is judged: the counts of every key in order, or a digest that every client must have. */
  readonly format: "count" | "json" | "bytes";
}

const versus = "exactly once, every update emitted: Millrace against Kafka Streams on the same broker";

/** Every shape; the first is the one that figures without a name are of. */
export const shapes: readonly Shape[] = [
  {
    shape: "keyed-count",
    name: "throughput",
    summary: `keyed count, ${versus}`,
    records: 5_000_000,
    quickRecords: 200_000,
    keys: 100_000,
    values: "text",
    other: "none",
    format: "count",
  },
  {
    shape: "hopping",
    name: "hopping",
    summary: "hopping windows of 5 s by 1 s over JSON trades: count, minimum, sum, average",
    records: 5_000_000,
    quickRecords: 40_000,
    keys: 1_000,
    values: "trades",
    other: "none",
    format: "json",
  },
  {
    shape: "session",
    name: "session",
    summary: "sessions with a gap of 50 ms: count",
    records: 2_000_000,
    quickRecords: 80_000,
    keys: 1_000,
    values: "text",
    other: "none",
    format: "bytes",
  },
  {
    shape: "join",
    name: "join",
    summary: "a stream joined with a table of 100,000 rows",
    records: 5_000_000,
    quickRecords: 150_000,
    keys: 100_000,
    values: "text",
    other: "table",
    format: "bytes",
  },
  {
    shape: "stream-join",
    name: "stream-join",
    summary: "two streams joined: records at most half a second apart",
    records: 400_000,
    quickRecords: 40_000,
    keys: 10_000,
    values: "text",
    other: "stream",
    format: "bytes",
  },
  {
    shape: "filter",
    name: "filter",
    summary: "stateless: filter and projection that look at the key only",
    records: 5_000_000,
    quickRecords: 300_000,
    keys: 100_000,
    values: "text",
    other: "none",
    format: "bytes",
  },
  {
    shape: "json",
    name: "json",
    summary: "stateless: every value parsed, changed and written as JSON",
    records: 5_000_000,
    quickRecords: 150_000,
    keys: 100_000,
    values: "trades",
    other: "none",
    format: "json",
  },
];
