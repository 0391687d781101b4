import { expectTypeOf, test } from "vitest";
import type {
  BranchedKStream,
  FixedKeyProcessorContext,
  KeyValueStore,
  KStream,
  ProcessorContext,
  ProcessorRecord,
  TimestampedWindowStore,
  TopologyNodeRef,
  ValueAndTimestamp,
} from "../../lib/index.ts";
import { bytes, int64, Stores, StreamsBuilder, string } from "../../lib/index.ts";

const builder = new StreamsBuilder();
const text = { key: string(), value: string() };
const words = builder.stream("words", text);
const counts = Stores.keyValue("counts", { key: string(), value: int64() });
const versions = Stores.versionedKeyValue("versions", { key: string(), value: int64(), historyRetention: "1h" });
const perMinute = Stores.timestampedWindow("per-minute", { ...text, windowSize: "1m", retention: "1h" });

test("a processor gives the stream that its context forwards", () => {
  const numbers = words.process((context: ProcessorContext<number, boolean>) => ({
    process: (record) => {
      expectTypeOf(record.value).toEqualTypeOf<string>();
      context.forward(record.withKey(1).withValue(true));
      // @ts-expect-error the key is a number
      context.forward(record.withValue(true));
      // @ts-expect-error a record has a timestamp
      context.forward({ key: 1, value: true });
    },
  }));
  expectTypeOf(numbers).toEqualTypeOf<KStream<number, boolean>>();
  // @ts-expect-error a processor processes
  words.process(() => ({ close: () => {} }));
});

test("a fixed-key processor forwards what comes from its record, and nothing else", () => {
  const lengths = words.processValues((context: FixedKeyProcessorContext<string, number>) => ({
    process: (record) => {
      context.forward(record.withValue(record.value.length));
      // @ts-expect-error the key stays
      record.withKey("x");
      // @ts-expect-error a record of another origin
      context.forward({ key: "x", value: 1, timestampMs: 1, headers: [] });
    },
  }));
  expectTypeOf(lengths).toEqualTypeOf<KStream<string, number>>();
});

test("stores have the types of their declarations, or those that are asked for by name", () => {
  words.process((context) => {
    const store = context.getStateStore(counts);
    expectTypeOf(store).toEqualTypeOf<KeyValueStore<string, number>>();
    expectTypeOf(store.get("a")).toEqualTypeOf<number | undefined>();
    // @ts-expect-error values are numbers
    store.put("a", "one");
    expectTypeOf(context.getStateStore(versions).get("a", 5)).toEqualTypeOf<ValueAndTimestamp<number> | undefined>();
    // @ts-expect-error a version has a time
    context.getStateStore(versions).put("a", 1);
    const windows = context.getStateStore(perMinute);
    expectTypeOf(windows).toEqualTypeOf<TimestampedWindowStore<string, string>>();
    expectTypeOf(windows.fetch("a", 0)).toEqualTypeOf<ValueAndTimestamp<string> | undefined>();
    expectTypeOf(context.getStateStore<KeyValueStore<string, boolean>>("flags").get("a")).toEqualTypeOf<
      boolean | undefined
    >();
    return { process: () => {} };
  });
  // @ts-expect-error a window store needs a retention
  Stores.window("w", { ...text, windowSize: 1 });
  // @ts-expect-error how long history is kept has no default
  Stores.versionedKeyValue("v", text);
});

test("a punctuator follows one of two clocks", () => {
  words.process((context) => {
    context.schedule({ interval: "1s", type: "streamTime" }, (timestampMs) =>
      expectTypeOf(timestampMs).toEqualTypeOf<number>(),
    );
    // @ts-expect-error no such clock
    context.schedule({ interval: "1s", type: "moonTime" }, () => {});
    return { process: () => {} };
  });
});

test("branches and repartition topics keep the types", () => {
  expectTypeOf(words.split()).toEqualTypeOf<BranchedKStream<string, string>>();
  expectTypeOf(words.split().defaultBranch()).toEqualTypeOf<ReadonlyMap<string, KStream<string, string>>>();
  expectTypeOf(words.repartition({ numberOfPartitions: 2 })).toEqualTypeOf<KStream<string, string>>();
  // @ts-expect-error keys are strings
  words.repartition({ key: bytes() });
});

test("chosen topics are declared, choosers and partitioners get key and value", () => {
  words.to((key, value) => key.concat(value), { topics: ["a"] });
  words.to("out", { partitioner: (key, _value, { partitionCount }) => key.length % partitionCount });
  // @ts-expect-error which topics may be chosen?
  words.to((key) => key);
  // @ts-expect-error a partition is a number
  words.to("out", { partitioner: (key) => key });
});

test("the low-level API infers from node to node", () => {
  const source = builder.addSource("src", "in", text);
  expectTypeOf(source).toEqualTypeOf<TopologyNodeRef<string, string>>();
  const lengths = builder.addProcessor("lengths", {
    supplier: (context: ProcessorContext<string, number>) => ({
      process: (record) => context.forward(record.withValue(record.value.length)),
    }),
    parents: [source],
  });
  expectTypeOf(lengths).toEqualTypeOf<TopologyNodeRef<string, number>>();
  builder.addSink("sink", { topic: "out", parents: [lengths], key: string(), value: int64() });
  // @ts-expect-error values are numbers
  builder.addSink("wrong", { topic: "out", parents: [lengths], key: string(), value: string() });
});

test("the processor of a global store gets the topic's types, and forwards nothing", () => {
  const lengths = Stores.keyValue("lengths", { key: string(), value: int64() });
  const topic = { key: string(), value: int64() };
  builder.addGlobalStore(lengths, "numbers", {
    ...topic,
    supplier: (context) => {
      const store = context.getStateStore(lengths);
      return { process: ({ key, value }) => store.put(key, value) };
    },
  });
  builder.addGlobalStore(lengths, "numbers", {
    ...topic,
    // @ts-expect-error a value is a number
    supplier: () => ({ process: (record: ProcessorRecord<string, string>) => record.value.length }),
  });
  builder.addGlobalStore(lengths, "numbers", {
    ...topic,
    supplier: (context) => ({
      // @ts-expect-error there is nothing below it
      process: (record) => context.forward(record),
    }),
  });
});
