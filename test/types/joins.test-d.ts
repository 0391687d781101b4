import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { KStream } from "../../lib/index.ts";
import { int64, joinWindows, StreamsBuilder, string, timeWindows } from "../../lib/index.ts";

const Order = z.object({ user: z.string(), total: z.number() });
const User = z.object({ name: z.string() });

const builder = new StreamsBuilder();
const orders = builder.stream("orders", { key: string(), value: Order });
const users = builder.table("users", { key: string(), value: User });
const numbered = builder.table("numbered", { key: int64(), value: User });

test("a join with a table infers value, row and key", () => {
  expectTypeOf(orders.join(users, (order, user) => order.total + user.name.length)).toEqualTypeOf<
    KStream<string, number>
  >();
  expectTypeOf(orders.join(users, (_order, _user, key) => key)).toEqualTypeOf<KStream<string, string>>();
  expectTypeOf(orders.leftJoin(users, (_order, user) => user)).toEqualTypeOf<
    KStream<string, { name: string } | null>
  >();
  // @ts-expect-error a left join may have no row
  orders.leftJoin(users, (_order, user) => user.name);
  // @ts-expect-error total is a number
  orders.join(users, (order) => order.total.length);
  // @ts-expect-error a user has no total
  orders.join(users, (_order, user: { total: number }) => user.total);
  // @ts-expect-error the key is a string
  orders.join(users, (_order, _user, key: number) => key);
});

test("a join that lets records wait has the types of any other", () => {
  expectTypeOf(
    orders.join(users, (order, user) => order.total + user.name.length, { gracePeriod: "5s" }),
  ).toEqualTypeOf<KStream<string, number>>();
  // @ts-expect-error a duration has a unit that is known
  orders.join(users, (order) => order.total, { gracePeriod: "5 seconds" });
});

test("both sides have the same key", () => {
  // @ts-expect-error orders have text keys, this table has numbers
  orders.join(numbered, (order) => order);
  expectTypeOf(
    orders.selectKey((_key, order) => order.total).join(numbered, (_order, user) => user.name, { key: int64() }),
  ).toEqualTypeOf<KStream<number, string>>();
  // @ts-expect-error the new key is a number
  orders.selectKey((_key, order) => order.total).join(numbered, (order) => order, { key: string() });
});

test("a null that a join drops is no type of the joiner, a null key of a left join is", () => {
  const loose = builder.stream<string | null, string | null>("loose", { key: string(), value: string() });
  expectTypeOf(loose.join(users, (value) => value)).toEqualTypeOf<KStream<string | null, string>>();
  expectTypeOf(loose.leftJoin(users, (_value, _user, key) => key)).toEqualTypeOf<
    KStream<string | null, string | null>
  >();
});

const payments = builder.stream("payments", { key: string(), value: z.object({ method: z.string() }) });
const windows = joinWindows({ timeDifference: "1h", grace: "5m" });

test("a join of streams infers both values, which may be null on the outer sides", () => {
  expectTypeOf(
    orders.join(payments, (order, payment, key) => [order.total, payment.method, key] as const, windows),
  ).toEqualTypeOf<KStream<string, readonly [number, string, string]>>();
  expectTypeOf(orders.leftJoin(payments, (order, payment) => payment?.method ?? order.user, windows)).toEqualTypeOf<
    KStream<string, string>
  >();
  expectTypeOf(orders.outerJoin(payments, (order, payment) => order?.user ?? payment?.method, windows)).toEqualTypeOf<
    KStream<string, string | undefined>
  >();
  // @ts-expect-error the right value of a left join may be null
  orders.leftJoin(payments, (_order, payment) => payment.method, windows);
  // @ts-expect-error the left value of an outer join may be null
  orders.outerJoin(payments, (order) => order.user, windows);
  // @ts-expect-error a payment has no total
  orders.join(payments, (_order, payment) => payment.total, windows);
});

test("a join of streams needs windows, and windows need a grace and both ends", () => {
  // @ts-expect-error no windows
  orders.join(payments, (order) => order);
  // @ts-expect-error no windows
  orders.outerJoin(payments, (order) => order);
  // @ts-expect-error no grace
  joinWindows({ timeDifference: "1h" });
  // @ts-expect-error no after
  joinWindows({ before: "1h", grace: 0 });
  // @ts-expect-error windows of an aggregation are none of a join
  orders.join(payments, (order) => order, timeWindows({ size: "1h", grace: 0 }));
  const otherKeys = payments.selectKey(() => 1);
  // @ts-expect-error other keys
  orders.join(otherKeys, (order) => order, windows);
  // @ts-expect-error the other value is no number
  orders.join(payments, (order) => order, windows, { otherValue: int64() });
});

test("a join with a global table infers the row's key and the row", () => {
  const cities = builder.globalTable("cities", { key: int64(), value: z.object({ zip: z.string() }) });
  expectTypeOf(
    orders.join(
      cities,
      (_key, order) => order.total,
      (order, city, key) => [order.user, city.zip, key] as const,
    ),
  ).toEqualTypeOf<KStream<string, readonly [string, string, string]>>();
  const user = (_key: string, order: { user: string }): string => order.user;
  const total = (_key: string, order: { total: number }): number => order.total;
  // @ts-expect-error the row's key is a number
  orders.join(cities, user, () => 1);
  // @ts-expect-error a left join may have no row
  orders.leftJoin(cities, total, (_order, city) => city.zip);
  // @ts-expect-error no key selector
  orders.join(cities, (order) => order);
});
