import { expect, test } from "vitest";
import { defineApp } from "../../../lib/dsl/app.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { startEmbedded } from "../../../lib/testing/start-embedded.ts";

interface Cart {
  readonly user: string;
  readonly n: number;
}

const app = defineApp({ id: "carts" }, (builder) => {
  const carts = builder.table("carts", { key: string(), value: json<Cart>() });
  const users = builder.table("users", { key: string(), value: string() });
  carts
    .join(users, (cart, user) => `${cart.n}/${user}`, {
      foreignKey: (cart) => cart.user,
      store: "named",
      value: string(),
    })
    .toStream()
    .to("out", { key: string(), value: string() });
});

const users = ["ann", "bob", "cleo"] as const;
const userOf = (n: number): string => users[n % users.length] as string;
const carts = (from: number) =>
  Array.from({ length: 12 }, (_, at) => ({
    key: `c${at}`,
    value: { user: userOf(from + at), n: from + at },
    timestampMs: from + at,
  }));
const names = (suffix: string) =>
  users.map((user) => ({ key: user, value: `${user.toUpperCase()}${suffix}`, timestampMs: 1 }));

test("a join by foreign key crosses partitions of two counts, and survives its worker", async () => {
  await using running = await startEmbedded({ app, topics: { carts: 3, users: 2, out: 1 } });
  await running.write("carts", carts(0));
  await running.write("users", names(""));
  await running.caughtUp();
  const [worker = ""] = await running.platform.launcher.list();
  expect(await running.platform.launcher.kill(worker)).toBe(true);
  await running.write("carts", carts(100));
  await running.write("users", names("!"));
  await running.caughtUp();
  const last = new Map((await running.read<string, string>("out")).map(({ key, value }) => [key, value] as const));
  const expected = carts(100).map(({ key, value }) => [key, `${value.n}/${value.user.toUpperCase()}!`] as const);
  expect(new Map(last)).toEqual(new Map(expected));
});
