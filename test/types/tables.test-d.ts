import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { KGroupedTable, KTable } from "../../lib/index.ts";
import { int64, json, StreamsBuilder, string } from "../../lib/index.ts";

const User = z.object({ region: z.string(), age: z.number() });
type User = z.infer<typeof User>;

const builder = new StreamsBuilder();
const users = builder.table("users", { key: string(), value: User });

test("groups of a table have the types of what is read back", () => {
  const byRegion = users.groupBy((_id, user) => [user.region, user.age], { key: string(), value: int64() });
  expectTypeOf(byRegion).toEqualTypeOf<KGroupedTable<string, number>>();
  expectTypeOf(users.groupBy((_id, user) => [user.region, user], { key: string(), value: User })).toEqualTypeOf<
    KGroupedTable<string, User>
  >();
  const sometimes = users.groupBy((id, user) => [user.age < 18 ? null : user.region, id], {
    key: string(),
    value: string(),
  });
  expectTypeOf(sometimes).toEqualTypeOf<KGroupedTable<string, string>>();
  // @ts-expect-error a group needs both serdes
  users.groupBy((_id, user) => [user.region, user.age], { key: string() });
  // @ts-expect-error the new value is a number
  users.groupBy((_id, user) => [user.region, user.age], { key: string(), value: string() });
  users.groupBy((_id, user) => [user.age < 18 ? "young" : "old", user.age], { key: string(), value: int64() });
  // @ts-expect-error the selector gives a pair
  users.groupBy((_id, user) => user.region, { key: string(), value: string() });
});

test("aggregations of groups give tables of what they compute", () => {
  const group = users.groupBy((_id, user) => [user.region, user.age], { key: string(), value: int64() });
  expectTypeOf(group.count()).toEqualTypeOf<KTable<string, number>>();
  const sum = group.reduce(
    (a, b) => a + b,
    (a, b) => a - b,
  );
  expectTypeOf(sum).toEqualTypeOf<KTable<string, number>>();
  const range = group.aggregate(
    () => ({ total: 0 }),
    (_region, age, { total }) => ({ total: total + age }),
    { subtractor: (_region, age, { total }) => ({ total: total - age }), value: json<{ total: number }>() },
  );
  expectTypeOf(range).toEqualTypeOf<KTable<string, { total: number }>>();
  // @ts-expect-error a row that leaves must be subtracted
  group.reduce((a, b) => a + b);
  group.aggregate(
    () => 0,
    (_region, age, total) => total + age,
    // @ts-expect-error a row that leaves must be subtracted
    { value: int64() },
  );
});

test("a transformer gets rows or null, and the table has what it answers", () => {
  const ages = users.transformValues(() => ({ transform: (_id, user) => user?.age ?? null }));
  expectTypeOf(ages).toEqualTypeOf<KTable<string, number | null>>();
  users.transformValues(() => ({ transform: (_id, user) => user?.age ?? 0 }), { store: "ages", value: int64() });
  // @ts-expect-error a deletion is null
  users.transformValues(() => ({ transform: (_id, user) => user.age }));
  // @ts-expect-error the new value is a number
  users.transformValues(() => ({ transform: (_id, user) => user?.age ?? 0 }), { store: "ages", value: string() });
  // @ts-expect-error rows have one result: nothing is forwarded
  users.transformValues((context) => ({ transform: (_id, user) => context.forward(user) }));
});

test("a stream becomes a table of the same types", () => {
  const ages = builder.stream("ages", { key: string(), value: int64() });
  expectTypeOf(ages.toTable()).toEqualTypeOf<KTable<string, number>>();
  expectTypeOf(ages.selectKey((_id, age) => age).toTable({ key: int64(), store: "by-age" })).toEqualTypeOf<
    KTable<number, number>
  >();
  // @ts-expect-error the key is a string
  ages.toTable({ key: int64() });
});

test("joins of tables give what their joiner makes, and know which side may be missing", () => {
  const carts = builder.table("carts", { key: string(), value: json<{ total: number }>() });
  expectTypeOf(carts.join(users, (cart, user) => cart.total + user.age)).toEqualTypeOf<KTable<string, number>>();
  expectTypeOf(carts.join(users, (_cart, _user, id) => id, { store: "ids", value: string() })).toEqualTypeOf<
    KTable<string, string>
  >();
  expectTypeOf(carts.leftJoin(users, (cart, user) => [cart.total, user?.age ?? null] as const)).toEqualTypeOf<
    KTable<string, readonly [number, number | null]>
  >();
  expectTypeOf(carts.outerJoin(users, (cart, user) => cart?.total ?? user?.age ?? 0)).toEqualTypeOf<
    KTable<string, number>
  >();
  // @ts-expect-error the user may be missing
  carts.leftJoin(users, (_cart, user) => user.age);
  // @ts-expect-error the cart may be missing
  carts.outerJoin(users, (cart) => cart.total);
  // @ts-expect-error keys differ
  carts.join(builder.table("by-age", { key: int64(), value: User }), (cart) => cart);
  // @ts-expect-error the result is a number
  carts.join(users, (cart) => cart.total, { store: "totals", value: string() });
});

test("a join by foreign key takes a key of the other table", () => {
  const carts = builder.table("fk-carts", { key: int64(), value: json<{ user: string | null; total: number }>() });
  const foreignKey = (cart: { user: string | null }) => cart.user;
  expectTypeOf(carts.join(users, (cart, user) => cart.total + user.age, { foreignKey })).toEqualTypeOf<
    KTable<number, number>
  >();
  const inline = carts.leftJoin(users, (cart, user, id) => `${id}${cart.total}${user?.age}`, {
    foreignKey: (cart, id) => (id === 0 ? null : cart.user),
    store: "texts",
    value: string(),
  });
  expectTypeOf(inline).toEqualTypeOf<KTable<number, string>>();
  // @ts-expect-error the user may be missing
  carts.leftJoin(users, (_cart, user) => user.age, { foreignKey });
  // @ts-expect-error keys of the other table are strings
  carts.join(users, (cart) => cart.total, { foreignKey: (cart) => cart.total });
});

test("partitioners of a join by foreign key get the keys of their tables", () => {
  const regions = builder.table("regions", { key: int64(), value: string() });
  const foreignKey = (user: User): number => user.age;
  users.join(regions, (user, region) => user.region + region, {
    foreignKey,
    partitioner: (id, _none, { partitionCount }) => id.length % partitionCount,
    otherPartitioner: (age, _none, { partitionCount }) => age % partitionCount,
  });
  // @ts-expect-error keys of the other table are numbers
  users.join(regions, (user) => user.region, { foreignKey, otherPartitioner: (age: string) => age.length });
  // @ts-expect-error only a join by foreign key has topics of its own
  users.join(users, (user) => user.region, { partitioner: () => 0 });
});
