import { describe, expect, test } from "vitest";
import {
  type FixedKeyProcessorContext,
  int64,
  json,
  type ProcessorContext,
  type ProcessorRecord,
  Stores,
  type StreamsBuilder,
  string,
} from "../../../lib/index.ts";
import { errorOf } from "../../support/error-of.ts";
import { TopologyHost } from "../../support/task-host.ts";
import { plain } from "./rows.ts";

type Context = ProcessorContext<string | null, string>;
const text = { key: string(), value: string() };

/** A topology from `in` to `out` with one processor. */
function through(supplier: (context: Context) => (record: never) => void): (builder: StreamsBuilder) => void {
  return (builder) =>
    builder
      .stream("in", text)
      .process((context: Context) => ({ process: supplier(context) }))
      .to("out", text);
}

function pipe(define: (builder: StreamsBuilder) => void): TopologyHost {
  const host = new TopologyHost(define);
  host.pipe("in", { key: "A", value: "x", timestampMs: 7, headers: [{ key: "h", value: null }] });
  return host;
}

describe("a processor", () => {
  test("forwards what it gets as it came: bytes, timestamp, headers", () => {
    const host = pipe(through((context) => (record) => context.forward(record)));
    expect(host.outputs).toEqual([
      { topic: "out", key: "A", value: "x", timestampMs: 7, headers: [{ key: "h", value: null }] },
    ]);
  });

  test("forwards records of its own, without headers", () => {
    const host = pipe(
      through((context) => () => {
        context.forward({ key: null, value: "one", timestampMs: 1 });
        context.forward({ key: "B", value: "two", timestampMs: 2 });
      }),
    );
    expect(host.outputs).toEqual([
      { topic: "out", key: null, value: "one", timestampMs: 1 },
      { topic: "out", key: "B", value: "two", timestampMs: 2 },
    ]);
  });

  test("sees the record that came in, whatever was done below", () => {
    const seen: unknown[] = [];
    pipe((builder) => {
      const processed = builder.stream("in", text).process((context: Context) => ({
        process: (record) => {
          context.forward(record.withKey("changed"));
          seen.push(record.key, context.recordMetadata());
        },
      }));
      processed.mapValues(() => "y").to("out", text);
    });
    expect(seen).toEqual(["A", { topic: "in", partition: 0, offset: 0 }]);
  });

  test("that changes a value in place and forwards it writes the changed value", () => {
    const host = new TopologyHost((builder) => {
      builder
        .stream("in", { key: string(), value: json<{ n: number }>() })
        .process((context: ProcessorContext<string, { n: number }>) => ({
          process: (record) => {
            record.value.n++;
            context.forward(record);
          },
        }))
        .to("out", { key: string(), value: json<{ n: number }>() });
    });
    host.pipe("in", { key: "A", value: { n: 1 }, timestampMs: 1 });
    expect(host.outputs.map(plain)).toEqual([["A", { n: 2 }, 1]]);
  });

  test("knows its application, its task and its times, and asks for commits", () => {
    const told: unknown[] = [];
    const host = pipe(
      through((context) => () => {
        context.commit();
        told.push(
          context.applicationId(),
          context.taskId(),
          context.currentStreamTimeMs(),
          context.currentSystemTimeMs(),
        );
      }),
    );
    expect(told).toEqual(["test", "s0_0", 7, 0]);
    expect(host.commitsRequested).toBe(1);
  });

  test("starts anew after an abort, with the end of the one before", () => {
    const life: string[] = [];
    const host = new TopologyHost((builder) => {
      builder.stream("in", text).process(() => {
        life.push("start");
        return { process: () => life.push("process"), close: () => life.push("close") };
      });
    });
    host.pipe("in", { key: "A", value: "x", timestampMs: 1 });
    host.restart();
    expect(life).toEqual(["start", "process", "close", "start"]);
  });
});

describe("a mistake is one clear error", () => {
  test.for<[string, (context: Context) => (record: never) => void, string, RegExp]>([
    [
      "a child that is not there",
      (context) => (record) => context.forward(record, "nobody"),
      "TOPOLOGY_INVALID",
      /forwards to nobody, which is not below it: it has KSTREAM-SINK-\d+/,
    ],
    [
      "a negative timestamp",
      (context) => () => context.forward({ key: "A", value: "x", timestampMs: -1 }),
      "TIMESTAMP_INVALID",
      /timestamp -1/,
    ],
    [
      "a timestamp that no snapshot holds",
      (context) => () => context.forward({ key: "A", value: "x", timestampMs: 2 ** 52 }),
      "TIMESTAMP_INVALID",
      /timestamp 4503599627370496: give whole milliseconds, from 0 to/,
    ],
    [
      "a store that is not connected",
      (context) => () => void context.getStateStore("rows"),
      "TOPOLOGY_INVALID",
      /asks for store rows, which it is not connected to/,
    ],
    [
      "whatever it throws",
      () => () => {
        throw new Error("no");
      },
      "PROCESSING_FAILED",
      /: KSTREAM-PROCESSOR-\d+ failed on in-0@0: no$/,
    ],
  ])("%s", ([, supplier, code, message]) => {
    const error = errorOf(() => pipe(through(supplier)));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test("forward at the start", () => {
    const error = errorOf(() =>
      pipe(
        through((context) => {
          context.forward({ key: "A", value: "x", timestampMs: 1 });
          return () => {};
        }),
      ),
    );
    expect(error.message).toMatch(/could not start: forward was called outside/);
  });

  test("a store with a null key", () => {
    const rows = Stores.keyValue("rows", text);
    const error = errorOf(() =>
      pipe((builder) => {
        builder.stream("in", text).process(
          (context) => {
            const store = context.getStateStore(rows);
            return { process: () => store.put(null as never, "x") };
          },
          { stores: [rows] },
        );
      }),
    );
    expect(error.message).toMatch(/store rows was asked for a null key/);
  });

  test("a punctuator that throws, with its node", () => {
    const error = errorOf(() =>
      pipe(
        through((context) => {
          context.schedule({ interval: 5, type: "streamTime" }, () => {
            throw new Error("no");
          });
          return () => {};
        }),
      ),
    );
    expect(error.message).toMatch(/: KSTREAM-PROCESSOR-\d+ failed in a punctuator: no$/);
  });
});

test("what a punctuator forwards has no source, and the time that it gives", () => {
  const metadata: unknown[] = [];
  const host = pipe((builder) => {
    builder
      .stream("in", text)
      .process((context: Context) => {
        context.schedule({ interval: 5, type: "streamTime" }, (timestampMs) =>
          context.forward({ key: "tick", value: "t", timestampMs }),
        );
        return { process: () => {} };
      })
      .process((context: Context) => ({
        process: (record) => {
          metadata.push(context.recordMetadata());
          context.forward(record);
        },
      }))
      .to("out", text);
  });
  expect(host.outputs.map(plain)).toEqual([["tick", "t", 7]]);
  expect(metadata).toEqual([undefined]);
});

test("processors start in the order of the topology, and so do what they schedule for one time", () => {
  const started: string[] = [];
  const host = new TopologyHost((builder) => {
    const ticking = (name: string) => (context: Context) => {
      started.push(name);
      context.schedule({ interval: 10, type: "streamTime" }, (timestampMs) =>
        context.forward({ key: name, value: name, timestampMs }),
      );
      return { process: () => {} };
    };
    builder.stream("in", text).process(ticking("first")).process(ticking("second")).to("out", text);
  });
  host.pipe("in", { key: "A", value: "x", timestampMs: 7 });
  expect(started).toEqual(["first", "second"]);
});

test("processValues keeps the key and needs no repartition topic", () => {
  const host = pipe((builder) => {
    builder
      .stream("in", text)
      .processValues((context: FixedKeyProcessorContext<string, number>) => ({
        process: (record) => {
          context.forward(record.withValue(record.value.length).withTimestamp(9).withHeaders([]));
        },
      }))
      .groupByKey({ value: int64() })
      .reduce((a, b) => a + b, { store: "sums" })
      .toStream()
      .to("out", { value: int64() });
  });
  expect(host.outputs.map(plain)).toEqual([["A", 1, 9]]);
});

test("a sink of the low-level API may choose its topic", () => {
  const host = new TopologyHost((builder) => {
    const source = builder.addSource("src", "in", text);
    const topic = (key: string) => (key === "A" ? "out" : "others");
    builder.addSink("sink", { topic, topics: ["out", "others"], parents: [source], ...text });
  });
  host.pipe("in", { key: "A", value: "x", timestampMs: 0 });
  host.pipe("in", { key: "B", value: "y", timestampMs: 1 });
  expect(host.outputs.map(({ topic, value }) => [topic, value])).toEqual([
    ["out", "x"],
    ["others", "y"],
  ]);
});

test("the low-level API: parents, named children, several parents of a sink", () => {
  const host = new TopologyHost((builder) => {
    const source = builder.addSource("src", ["in", "more"], text);
    const supplier = (context: Context) => ({
      process: (record: ProcessorRecord<string, string>) => context.forward(record.withValue(`${record.value}!`)),
    });
    const once = builder.addProcessor("once", { supplier, parents: [source] });
    const twice = builder.addProcessor("twice", { supplier, parents: [once] });
    builder.addSink("sink", { topic: "out", parents: [once, twice], ...text });
  });
  host.pipe("more", { key: "A", value: "x", timestampMs: 1 });
  expect(host.outputs.map(plain)).toEqual([
    ["A", "x!!", 1],
    ["A", "x!", 1],
  ]);
});

test("the low-level API refuses a topic that is read already, and a node without parents", () => {
  const twice = (builder: StreamsBuilder): void => {
    builder.stream("in", text);
    builder.addSource("src", "in", text);
  };
  expect(errorOf(() => new TopologyHost(twice)).message).toMatch(/KSTREAM-SOURCE-\d+ reads already/);
  const alone = (builder: StreamsBuilder): void => builder.addSink("sink", { topic: "out", parents: [], ...text });
  expect(errorOf(() => new TopologyHost(alone)).message).toMatch(/sink has no parents/);
});
