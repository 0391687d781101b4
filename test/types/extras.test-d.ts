import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { KStream, KTable, Windowed } from "../../lib/index.ts";
import { int64, joinWindows, StreamsBuilder, sessionWindows, string, timeWindows } from "../../lib/index.ts";

const Order = z.object({ user: z.string(), total: z.number() });

const builder = new StreamsBuilder();
const orders = builder.stream("orders", { key: string(), value: Order });
const payments = builder.stream("payments", { key: string(), value: int64() });
const perMinute = orders.groupByKey().windowedBy(timeWindows({ size: "1m", grace: "10s" }));

type OrderStream = KStream<string, { user: string; total: number }>;

test("late records are those of the group", () => {
  perMinute.count({ onLate: (late) => expectTypeOf(late).toEqualTypeOf<OrderStream>() });
  orders
    .groupByKey()
    .windowedBy(sessionWindows({ gap: "1m", grace: 0 }))
    .count({ onLate: (late) => expectTypeOf(late).toEqualTypeOf<OrderStream>() });
  orders
    .groupByKey()
    .cogroup<number>((_key, order, sum) => sum + order.total)
    .windowedBy(timeWindows({ size: "1m", grace: 0 }))
    .aggregate(() => 0, {
      value: int64(),
      onLate: (late) => expectTypeOf(late).toEqualTypeOf<KStream<string, unknown>>(),
    });
  // @ts-expect-error a late order is no number
  perMinute.count({ onLate: (late) => late.to("late", { value: int64() }) });
});

test("of a join each side has its own", () => {
  const windows = joinWindows({ timeDifference: "1h", grace: "5m" });
  orders.join(payments, (order, paid) => order.total - paid, windows, {
    onLate: (late) => expectTypeOf(late).toEqualTypeOf<OrderStream>(),
    otherOnLate: (late) => expectTypeOf(late).toEqualTypeOf<KStream<string, number>>(),
  });
});

test("distinct keeps the types, and an id has the serde of what tells it", () => {
  expectTypeOf(orders.distinct({ within: "1m", grace: 0 })).toEqualTypeOf<OrderStream>();
  expectTypeOf(
    orders.distinct({ within: "1m", grace: 0, by: (order, key) => `${key} ${order.user}`, id: string() }),
  ).toEqualTypeOf<OrderStream>();
  // @ts-expect-error grace decides what is lost
  orders.distinct({ within: "1m" });
  // @ts-expect-error an id that is text is not written as a number
  orders.distinct({ within: "1m", grace: 0, by: (order) => order.user, id: int64() });
  // @ts-expect-error an order has no id
  orders.distinct({ within: "1m", grace: 0, by: (order) => order.id, id: string() });
});

test("changesOnly keeps keys and values", () => {
  expectTypeOf(perMinute.count().changesOnly()).toEqualTypeOf<KTable<Windowed<string>, number>>();
  expectTypeOf(
    perMinute
      .count()
      .mapValues((count) => count > 3)
      .changesOnly({ value: z.boolean() }),
  ).toEqualTypeOf<KTable<Windowed<string>, boolean>>();
  // @ts-expect-error these values are numbers
  perMinute.count().changesOnly({ value: string() });
});

test("rows of groups and tables end, windows do by themselves", () => {
  expectTypeOf(orders.groupByKey().count({ ttl: "1d" })).toEqualTypeOf<KTable<string, number>>();
  expectTypeOf(builder.table("users", { key: string(), value: Order, ttl: "1d" })).toEqualTypeOf<
    KTable<string, { user: string; total: number }>
  >();
  const cogrouped = orders.groupByKey().cogroup<number>((_user, order, sum) => sum + order.total);
  expectTypeOf(cogrouped.aggregate(() => 0, { value: int64(), ttl: "1d" })).toEqualTypeOf<KTable<string, number>>();
  // @ts-expect-error a window ends with its retention
  perMinute.count({ ttl: "1d" });
});

test("groups are lists of values, or of keys and values", () => {
  type Orders = { user: string; total: number };
  expectTypeOf(orders.groupedWithin(10, "1s")).toEqualTypeOf<KStream<string, readonly Orders[]>>();
  expectTypeOf(orders.groupedWithin(10, "1s", { per: "partition", store: "waiting" })).toEqualTypeOf<
    KStream<string, readonly (readonly [string, Orders])[]>
  >();
  // @ts-expect-error a group is a list
  orders.groupedWithin(10, "1s").mapValues((order) => order.total);
});

test("asynchronous functions resolve with the new value", () => {
  expectTypeOf(
    orders.mapValuesAsync(async (order, key, { signal }) => [order.total, key, signal] as const),
  ).toEqualTypeOf<KStream<string, readonly [number, string, AbortSignal]>>();
  // @ts-expect-error a promise is wanted
  orders.mapValuesAsync((order) => order.total);
  // @ts-expect-error the serde of the order is not that of its total
  orders.mapValuesAsync(async (order) => order.total).to("out", { value: Order });
});
