import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { KStream, ProcessorContext, TopologyNodeRef, ValueAndTimestamp, Windowed } from "../../lib/index.ts";
import { float64, int64, json, Stores, StreamsBuilder, string } from "../../lib/index.ts";

/** What is written wrongly does not compile; each line is a mistake that somebody makes. */
const Order = z.object({ user: z.string(), total: z.number() });
type Order = z.infer<typeof Order>;

const builder = new StreamsBuilder();
const orders = builder.stream("orders", { key: string(), value: Order });
const users = builder.table("users", { key: string(), value: json(z.object({ name: z.string() })) });

test("functions of a stream get its keys and values", () => {
  // @ts-expect-error an order has no amount
  orders.filter((_id, order) => order.amount > 1);
  // @ts-expect-error an order has no amount
  orders.filterNot((_id, order) => order.amount > 1);
  // @ts-expect-error the key is a string
  orders.foreach((id: number) => id);
  // @ts-expect-error the value is an order
  orders.peek((_id, order: string) => order.length);
  // @ts-expect-error an order has no amount
  orders.selectKey((_id, order) => order.amount);
  // @ts-expect-error flatMap gives pairs
  orders.flatMap((_id, order) => [order]);
  // @ts-expect-error flatMapValues gives several
  orders.flatMapValues((order) => order.total);
  // @ts-expect-error a row has no total
  users.filter((_id, user) => user.total > 1);
  // @ts-expect-error a row has no total
  users.filterNot((_id, user) => user.total > 1);
});

test("foreach and print end a stream", () => {
  expectTypeOf(orders.foreach(() => {})).toEqualTypeOf<void>();
  expectTypeOf(orders.print({ write: () => {} })).toEqualTypeOf<void>();
  orders.print({ write: () => {}, mapper: (id, order) => id + order.user });
  // @ts-expect-error where to?
  orders.print({ label: "orders" });
  // @ts-expect-error a line is text
  orders.print({ write: () => {}, mapper: (_id, order) => order.total });
});

test("branches are streams of what is split", () => {
  const branches = orders
    .split()
    .branch((_id, order) => order.total > 9)
    .noDefaultBranch();
  expectTypeOf(branches).toEqualTypeOf<ReadonlyMap<string, KStream<string, Order>>>();
  expectTypeOf(orders.split().defaultBranch()).toEqualTypeOf<ReadonlyMap<string, KStream<string, Order>>>();
  // @ts-expect-error an order has no amount
  orders.split().branch((_id, order) => order.amount > 1);
  orders.split().branch(() => true, { withConsumer: (stream) => expectTypeOf(stream).toEqualTypeOf(orders) });
});

test("a serde that cannot write the stream is refused", () => {
  // @ts-expect-error keys are strings
  orders.repartition({ key: int64() });
  // @ts-expect-error values are orders
  orders.groupByKey({ value: int64() });
  // @ts-expect-error values are orders
  orders.toTable({ store: "by-id", value: int64() });
  const sum = (_id: string, order: Order, all: number) => all + order.total;
  // @ts-expect-error aggregates are numbers
  orders.groupByKey().aggregate(() => 0, sum, { value: string() });
});

test("what is given to the builder fits together", () => {
  const rates = Stores.timestampedKeyValue("rates", { key: string(), value: float64() });
  expectTypeOf(builder.addStateStore(rates)).toEqualTypeOf<StreamsBuilder>();
  // @ts-expect-error a name is no store
  builder.addStateStore("rates");
  const topic = { source: "rates-source", name: "rates-writer", key: string(), value: float64() };
  builder.addReadOnlyStateStore(rates, "rates-topic", {
    ...topic,
    supplier: (context) => {
      const store = context.getStateStore(rates);
      return { process: ({ key, value, timestampMs }) => store.put(key, { value, timestampMs }) };
    },
  });
  builder.addReadOnlyStateStore(rates, "rates-topic", {
    ...topic,
    // @ts-expect-error there is nothing below it
    supplier: (context) => ({ process: (record) => context.forward(record) }),
  });
  // @ts-expect-error who puts the records?
  builder.addReadOnlyStateStore(rates, "rates-topic", topic);
});

test("a sink of the low-level API chooses by the types of its parents", () => {
  const source = builder.addSource("src", "in", { key: string(), value: int64() });
  expectTypeOf(source).toEqualTypeOf<TopologyNodeRef<string, number>>();
  const sink = { parents: [source], key: string(), value: int64() };
  builder.addSink("sink", { ...sink, topic: (_key, level) => (level > 9 ? "high" : "low"), topics: ["high", "low"] });
  // @ts-expect-error values are numbers
  builder.addSink("sink", { ...sink, topic: (_key, level: string) => level });
});

test("stores answer the types of their declarations", () => {
  const lengths = Stores.keyValue("lengths", { key: string(), value: int64() });
  const events = Stores.timestampedWindow("events", {
    key: string(),
    value: int64(),
    windowSize: "1m",
    retention: "1h",
  });
  const visits = Stores.session("visits", { key: string(), value: int64(), retention: "1h" });
  const versions = Stores.versionedKeyValue("versions", { key: string(), value: int64(), historyRetention: "1h" });
  const stores = [lengths, events, visits, versions];
  type Rows<K, V> = IterableIterator<readonly [K, V]>;
  const supplier = (context: ProcessorContext<string, number>) => {
    const keyed = context.getStateStore(lengths);
    expectTypeOf(keyed.range("a", undefined)).toEqualTypeOf<Rows<string, number>>();
    expectTypeOf(keyed.prefixScan("a")).toEqualTypeOf<Rows<string, number>>();
    // @ts-expect-error keys are strings
    keyed.range(1, 2);
    const windows = context.getStateStore(events);
    expectTypeOf(windows.fetchAll(0, 1, { from: "a" })).toEqualTypeOf<
      Rows<Windowed<string>, ValueAndTimestamp<number>>
    >();
    // @ts-expect-error keys are strings
    windows.backwardFetchAll(0, 1, { to: 1 });
    const sessions = context.getStateStore(visits);
    expectTypeOf(sessions.findSessions("a", 0, 1)).toEqualTypeOf<readonly (readonly [Windowed<string>, number])[]>();
    expectTypeOf(sessions.findAllSessions(0, 1, { to: "b" })).toEqualTypeOf<
      typeof sessions.findSessions extends (...all: never[]) => infer R ? R : never
    >();
    // @ts-expect-error a session has a window
    sessions.remove("a");
    expectTypeOf(context.getStateStore(versions).delete("a", 5)).toEqualTypeOf<ValueAndTimestamp<number> | undefined>();
    // @ts-expect-error no such clock
    context.schedule({ interval: "1s", type: "streamTime", startMs: "03:00" }, () => {});
    return { process: () => {} };
  };
  orders.process(supplier, { stores });
});
