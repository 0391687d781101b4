import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { KStream } from "../../lib/index.ts";
import { int64, StreamsBuilder, string } from "../../lib/index.ts";

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
