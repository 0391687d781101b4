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

test("a stream becomes a table of the same types", () => {
  const ages = builder.stream("ages", { key: string(), value: int64() });
  expectTypeOf(ages.toTable()).toEqualTypeOf<KTable<string, number>>();
  expectTypeOf(ages.selectKey((_id, age) => age).toTable({ key: int64(), store: "by-age" })).toEqualTypeOf<
    KTable<number, number>
  >();
  // @ts-expect-error the key is a string
  ages.toTable({ key: int64() });
});
