/** What the comparison can run: the keys of `shapeApps`, and the shapes of the Java peer. */
export type ShapeName = "keyed-count" | "hopping" | "join" | "filter" | "json";

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
  /** A table of one row per key, older than every record of the input. */
  readonly hasTable: boolean;
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
    records: 2_000_000,
    quickRecords: 200_000,
    keys: 100_000,
    values: "text",
    hasTable: false,
    format: "count",
  },
  {
    shape: "hopping",
    name: "hopping",
    summary: "hopping windows of 5 s by 1 s over JSON trades: count, minimum, sum, average",
    records: 300_000,
    quickRecords: 40_000,
    keys: 1_000,
    values: "trades",
    hasTable: false,
    format: "json",
  },
  {
    shape: "join",
    name: "join",
    summary: "a stream joined with a table of 100,000 rows",
    records: 1_500_000,
    quickRecords: 150_000,
    keys: 100_000,
    values: "text",
    hasTable: true,
    format: "bytes",
  },
  {
    shape: "filter",
    name: "filter",
    summary: "stateless: filter and projection that look at the key only",
    records: 3_000_000,
    quickRecords: 300_000,
    keys: 100_000,
    values: "text",
    hasTable: false,
    format: "bytes",
  },
  {
    shape: "json",
    name: "json",
    summary: "stateless: every value parsed, changed and written as JSON",
    records: 1_500_000,
    quickRecords: 150_000,
    keys: 100_000,
    values: "trades",
    hasTable: false,
    format: "json",
  },
];
