import { describe, expect, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { versionedKeyValue } from "../../../lib/dsl/versioned-store.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { StoreHandle } from "../../../lib/state/store.ts";
import { TopologyHost } from "../../support/task-host.ts";
import type { OperatorRow } from "./rows.ts";
import { plain, run } from "./rows.ts";

const text = { key: string(), value: string() };

const counts = (builder: StreamsBuilder): void =>
  builder.stream("in", text).groupByKey().count({ store: "counts", ttl: 10 }).toStream().to("out");

const rows: readonly OperatorRow[] = [
  {
    name: "a row that is not updated is deleted when stream time has come so far, with the time at which it was over",
    topology: counts,
    input: [
      ["A", "x", 1],
      ["B", "x", 10],
      ["B", "x", 11],
    ],
    output: [
      ["A", 1, 1],
      ["B", 1, 10],
      ["A", null, 11],
      ["B", 2, 11],
    ],
  },
  {
    name: "an update gives it the whole time again",
    topology: counts,
    input: [
      ["A", "x", 1],
      ["A", "x", 8],
      ["B", "x", 17],
      ["B", "x", 18],
    ],
    output: [
      ["A", 1, 1],
      ["A", 2, 8],
      ["B", 1, 17],
      ["A", null, 18],
      ["B", 2, 18],
    ],
  },
  {
    name: "a record whose own row is over begins anew",
    topology: counts,
    input: [
      ["A", "x", 1],
      ["A", "x", 2],
      ["A", "x", 12],
    ],
    output: [
      ["A", 1, 1],
      ["A", 2, 2],
      ["A", null, 12],
      ["A", 1, 12],
    ],
  },
  {
    name: "several go by time, then key, that of the record first; what comes late makes no row younger",
    topology: counts,
    input: [
      ["B", "x", 5],
      ["A", "x", 5],
      ["C", "x", 3],
      ["D", "x", 6],
      ["C", "x", 1],
      ["D", "x", 40],
    ],
    output: [
      ["B", 1, 5],
      ["A", 1, 5],
      ["C", 1, 3],
      ["D", 1, 6],
      ["C", 2, 3],
      ["D", null, 16],
      ["C", null, 13],
      ["A", null, 15],
      ["B", null, 15],
      ["D", 1, 40],
    ],
  },
  {
    name: "a record without a key moves stream time too",
    topology: counts,
    input: [
      ["A", "x", 1],
      [null, "x", 11],
    ],
    output: [
      ["A", 1, 1],
      ["A", null, 11],
    ],
  },
  {
    name: "of a table that is read, where a record may make a row older",
    topology: (builder) =>
      builder
        .table("in", { ...text, ttl: 10 })
        .toStream()
        .to("out"),
    input: [
      ["A", "x", 20],
      ["A", "y", 12],
      ["B", "x", 21],
      ["B", "y", 22],
    ],
    output: [
      ["A", "x", 20],
      ["A", "y", 12],
      ["B", "x", 21],
      ["A", null, 22],
      ["B", "y", 22],
    ],
  },
  {
    name: "of a stream's table, whose groups lose the row",
    topology: (builder) =>
      builder
        .stream("in", text)
        .toTable({ ttl: 10 })
        .groupBy((_key, value) => [value, 1], { key: string(), value: int64() })
        .count()
        .toStream()
        .to("out"),
    input: [
      ["A", "x", 1],
      ["B", "x", 2],
      ["C", "y", 11],
    ],
    output: [
      ["x", 1, 1],
      ["x", 2, 2],
      ["x", 1, 11],
      ["y", 1, 11],
    ],
  },
];

describe("ttl of rows", () => {
  test.for(rows)("$name", (row) => {
    expect(run(row).outputs.map(plain)).toEqual(row.output);
  });

  test("records of cogrouped streams let each other's rows go", () => {
    const host = new TopologyHost((builder) =>
      builder
        .stream("in", text)
        .groupByKey()
        .cogroup<string>((_key, _value, all) => `${all}a`)
        .cogroup(builder.stream("other", text).groupByKey(), (_key, _value, all) => `${all}b`)
        .aggregate(() => "", { value: string(), store: "both", ttl: 10 })
        .toStream()
        .to("out"),
    );
    const pipe = (topic: string, key: string, timestampMs: number) =>
      host.pipe(topic, { key, value: "x", timestampMs });
    pipe("in", "A", 1);
    pipe("other", "B", 4);
    pipe("in", "A", 5);
    pipe("other", "C", 14);
    pipe("in", "C", 15);
    pipe("other", "A", 24);
    expect(host.outputs.map(plain)).toEqual([
      ["A", "a", 1],
      ["B", "b", 4],
      ["A", "aa", 5],
      ["B", null, 14],
      ["C", "b", 14],
      ["A", null, 15],
      ["C", "ba", 15],
      ["A", "b", 24],
    ]);
  });

  test("a deleted row is gone from the store", () => {
    const host = run({
      topology: counts,
      input: [
        ["A", "x", 1],
        ["B", "x", 99],
      ],
    });
    expect(host.rows("counts")).toEqual([["B", 1, 99]]);
  });

  test("one record lets a bounded number go, the next ones the rest", () => {
    const host = new TopologyHost(counts);
    for (let key = 0; key < 250; key++) host.pipe("in", { key: `k${key}`, value: "x", timestampMs: 1 });
    const gone = [50, 51, 52].map((timestampMs) => host.pipe("in", { key: "now", value: "x", timestampMs }).length - 1);
    expect(gone).toEqual([100, 100, 50]);
    expect(host.rows("counts").map(([key]) => key)).toEqual(["now"]);
  });

  test("a row that comes and goes is remembered a bounded number of times", () => {
    let asked = 0;
    class CountingHost extends TopologyHost {
      override store<S extends StoreHandle>(name: string): S {
        return new Proxy(super.store<S>(name), {
          get(rows, member) {
            if (member === "get") asked++;
            const part: unknown = Reflect.get(rows, member);
            return typeof part === "function" ? part.bind(rows) : part;
          },
        });
      }
    }
    const host = new CountingHost((builder) =>
      builder
        .table("in", { ...text, store: "rows", ttl: 10 })
        .toStream()
        .to("out"),
    );
    for (let n = 0; n < 5_000; n++) host.pipe("in", { key: "A", value: n % 2 === 0 ? "x" : null, timestampMs: 1 });
    asked = 0;
    host.pipe("in", { key: "B", value: "x", timestampMs: 11 });
    expect(asked).toBeLessThan(1_500);
  });

  test("is nothing for a history, and above 0", () => {
    const table = (builder: StreamsBuilder): void => {
      builder.table("in", { ...text, store: versionedKeyValue("versions", 100), ttl: 10 });
    };
    expect(() => new TopologyHost(table)).toThrow(/keeps the history of its rows/);
    const none = (builder: StreamsBuilder): void => {
      builder.stream("in", text).groupByKey().count({ store: "counts", ttl: 0 });
    };
    expect(() => new TopologyHost(none)).toThrow(/ttl of store counts is 0 ms/);
  });
});
