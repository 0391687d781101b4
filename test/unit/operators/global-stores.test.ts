import { expect, describe as group, test } from "vitest";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { Stores } from "../../../lib/dsl/stores.ts";
import type { ProcessorContext } from "../../../lib/operators/processing-context.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { KeyValueStore } from "../../../lib/state/typed/key-value-store.ts";
import { describe } from "../../../lib/topology/describe.ts";
import { TopologyHost } from "../../support/task-host.ts";
import { plain } from "./rows.ts";

const text = { key: string(), value: string() };
const lengths = Stores.keyValue("lengths", { key: string(), value: int64() });

/** Sums the lengths of the words of a topic by their first letter. */
function addLengths(builder: StreamsBuilder, lives: string[] = []): void {
  builder.addGlobalStore(lengths, "words", {
    ...text,
    supplier: (context) => {
      const store = context.getStateStore(lengths);
      lives.push(`start ${context.taskId()}`);
      return {
        process: ({ value }) => {
          if (value === "bad") throw new Error("no such word");
          store.put(value.charAt(0), (store.get(value.charAt(0)) ?? 0) + value.length);
        },
        close: () => lives.push("close"),
      };
    },
  });
}

function host(
  process: (store: KeyValueStore<string, number>, key: string) => string,
  lives: string[] = [],
): TopologyHost {
  return new TopologyHost((builder) => {
    addLengths(builder, lives);
    builder
      .stream("in", text)
      .process((context: ProcessorContext<string, string>) => {
        const store = context.getStateStore(lengths);
        return { process: (record) => context.forward(record.withValue(process(store, record.key))) };
      })
      .to("out", text);
  });
}

group("a global store with a processor", () => {
  const word = (to: TopologyHost, value: string) => to.pipeGlobal("words", { key: "any", value, timestampMs: 1 });
  const ask = (to: TopologyHost, key: string) => to.pipe("in", { key, value: "", timestampMs: 5 }).map(plain);

  test("has what the processor makes of the topic, for every processor that asks by name", () => {
    const sums = host((store, key) => `${key}=${store.get(key)}`);
    for (const value of ["one", "other", "two"]) word(sums, value);
    expect(ask(sums, "o")).toEqual([["o", "o=8", 5]]);
    word(sums, "on");
    expect([...ask(sums, "o"), ...ask(sums, "x")]).toEqual([
      ["o", "o=10", 5],
      ["x", "x=undefined", 5],
    ]);
  });

  test("is written by its own processor alone", () => {
    const sums = host((store, key) => {
      store.put(key, 1);
      return "";
    });
    expect(() => ask(sums, "o")).toThrow("store lengths is global: only its topic changes it");
  });

  test("forgets what a record did that fails, and starts the processor anew", () => {
    const lives: string[] = [];
    const sums = host((store, key) => `${store.get(key)}`, lives);
    word(sums, "one");
    expect(() => word(sums, "bad")).toThrow(/KTABLE-SOURCE-0000000001 failed on words-0@0: no such word/);
    word(sums, "on");
    expect(ask(sums, "o")).toEqual([["o", "5", 5]]);
    expect(lives).toEqual(["start global", "close", "start global"]);
  });

  test("is described as Kafka Streams describes it", () => {
    const { topology } = new TopologyHost((builder) => {
      addLengths(builder);
      builder.stream("in", text).to("out", text);
    });
    expect(describe(topology)).toBe(`Topologies:
   Sub-topology: 0 for global store (will not generate tasks)
    Source: KSTREAM-SOURCE-0000000000 (topics: [words])
      --> KTABLE-SOURCE-0000000001
    Processor: KTABLE-SOURCE-0000000001 (stores: [lengths])
      --> none
      <-- KSTREAM-SOURCE-0000000000
  Sub-topology: 1
    Source: KSTREAM-SOURCE-0000000002 (topics: [in])
      --> KSTREAM-SINK-0000000003
    Sink: KSTREAM-SINK-0000000003 (topic: out)
      <-- KSTREAM-SOURCE-0000000002

`);
  });
});

test.for<[string, (context: ProcessorContext<never, never>) => void]>([
  ["schedules a punctuator", (context) => void context.schedule({ interval: 1, type: "streamTime" }, () => {})],
  ["asks for store other", (context) => void context.getStateStore("other")],
])("a processor of a global store that %s is refused", ([what, use]) => {
  const sums = new TopologyHost((builder) => {
    builder.addGlobalStore(lengths, "words", {
      ...text,
      supplier: (context) => {
        use(context);
        return { process: () => {} };
      },
    });
    builder.stream("in", text).to("out", text);
  });
  expect(() => sums.pipeGlobal("words", { key: "a", value: "b", timestampMs: 1 })).toThrow(
    `KTABLE-SOURCE-0000000001 ${what}: it only writes its global store`,
  );
});

test("a window that comes after a processor has asked for windows of its key is found", () => {
  const events = Stores.window("events", { ...text, windowSize: 10, retention: 1_000 });
  const windows = new TopologyHost((builder) => {
    builder.addGlobalStore(events, "words", {
      ...text,
      supplier: (context) => {
        const store = context.getStateStore(events);
        return { process: ({ key, value, timestampMs }) => store.put(key, value, timestampMs) };
      },
    });
    builder
      .stream("in", text)
      .process((context: ProcessorContext<string, string>) => {
        const store = context.getStateStore(events);
        return { process: (record) => context.forward(record.withValue([...store.fetch(record.key, 0, 9)].join(" "))) };
      })
      .to("out", text);
  });
  const found: unknown[] = [];
  for (const [value, timestampMs] of [
    ["one", 1],
    ["two", 2],
  ] as const) {
    windows.pipeGlobal("words", { key: "a", value, timestampMs });
    found.push(...windows.pipe("in", { key: "a", value: "", timestampMs: 5 }).map((record) => record.value));
  }
  expect(found).toEqual(["1,one", "1,one 2,two"]);
});

test("the rows of a global table are read by its store's name too", () => {
  const names = new TopologyHost((builder) => {
    builder.globalTable("names", { ...text, store: "names" });
    builder
      .stream("in", text)
      .process((context: ProcessorContext<string, string>) => ({
        process: (record) => {
          const row = context
            .getStateStore<import("../../../lib/index.ts").TimestampedKeyValueStore<string, string>>("names")
            .get(record.key);
          context.forward(record.withValue(`${row?.value}@${row?.timestampMs}`));
        },
      }))
      .to("out", text);
  });
  names.pipeGlobal("names", { key: "a", value: "Ann", timestampMs: 3 });
  expect(names.pipe("in", { key: "a", value: "", timestampMs: 5 }).map(plain)).toEqual([["a", "Ann@3", 5]]);
});
