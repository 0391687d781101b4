import { expect, test } from "vitest";
import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { versionedKeyValue } from "../../../lib/dsl/versioned-store.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyHost } from "../../support/task-host.ts";
import { plain, reasons } from "./rows.ts";

interface Cart {
  readonly user: string | null;
  readonly n: number;
}

const text = { key: string(), value: string() };
const carts = { key: string(), value: json<Cart>() };
const foreignKey = (cart: Cart): string | null => cart.user;
const both = (cart: Cart, user: string | null): string => `${cart.n}/${user ?? "-"}`;

function host(
  join: (carts: KTable<string, Cart>, users: KTable<string, string>) => KTable<string, string>,
): TopologyHost {
  return new TopologyHost((builder) =>
    join(builder.table("carts", carts), builder.table("users", text)).toStream().to("out", text),
  );
}

const cart = (user: string | null, n: number): Cart => ({ user, n });

/** What every input of a history gave. */
function results(on: TopologyHost, history: readonly (readonly [string, string, unknown, number])[]): unknown[] {
  return history.map(([topic, key, value, timestampMs]) => on.pipe(topic, { key, value, timestampMs }).map(plain));
}

const history = [
  ["carts", "c1", cart("ann", 1), 10],
  ["users", "ann", "Ann", 5],
  ["carts", "c2", cart("ann", 2), 3],
  ["users", "ann", "Anna", 20],
  ["carts", "c1", cart("bob", 3), 30],
  ["carts", "c1", cart(null, 4), 31],
  ["users", "ann", null, 40],
  ["carts", "c2", null, 50],
] as const;

test("an inner join: rows subscribe, the other table answers, a foreign key that moves ends what was", () => {
  const on = host((c, u) => c.join(u, both, { foreignKey }));
  expect(results(on, history)).toEqual([
    [],
    [["c1", "1/Ann", 5]],
    [["c2", "2/Ann", 5]],
    [
      ["c1", "1/Anna", 20],
      ["c2", "2/Anna", 20],
    ],
    [["c1", null, 30]],
    [["c1", null, 31]],
    [["c2", null, 40]],
    [["c2", null, 50]],
  ]);
  expect(reasons(on)).toEqual(["null-key"]);
});

test("a left join answers every change", () => {
  const on = host((c, u) => c.leftJoin(u, both, { foreignKey }));
  expect(results(on, history)).toEqual([
    [["c1", "1/-", 10]],
    [["c1", "1/Ann", 5]],
    [["c2", "2/Ann", 5]],
    [
      ["c1", "1/Anna", 20],
      ["c2", "2/Anna", 20],
    ],
    [["c1", "3/-", 30]],
    [["c1", "4/-", 31]],
    [["c2", "2/-", 40]],
    [["c2", null, 50]],
  ]);
});

test("deleting nothing on the left gives nothing", () => {
  const on = host((c, u) => c.leftJoin(u, both, { foreignKey }));
  expect(on.pipe("carts", { key: "c1", value: null, timestampMs: 1 })).toEqual([]);
});

test("subscriptions are found by foreign key, not by its beginning", () => {
  const on = host((c, u) => c.join(u, both, { foreignKey }));
  on.pipe("carts", { key: "c1", value: cart("a", 1), timestampMs: 1 });
  on.pipe("carts", { key: "c2", value: cart("ab", 2), timestampMs: 1 });
  expect(on.pipe("users", { key: "a", value: "A", timestampMs: 2 }).map(plain)).toEqual([["c1", "1/A", 2]]);
});

test("bytes of a source that its serde would write otherwise do not make an answer stale", () => {
  const on = host((c, u) => c.join(u, both, { foreignKey }));
  on.pipe("users", { key: "ann", value: "Ann", timestampMs: 1 });
  const value = Buffer.from('{ "user": "ann",  "n": 1.0 }');
  const out = on.pipeBytes("carts", { key: Buffer.from("c1"), value, timestampMs: 2, headers: [] });
  expect(out.map(plain)).toEqual([["c1", "1/Ann", 2]]);
});

test("an answer to what a row was before is dropped", () => {
  const on = host((c, u) => c.join(u, both, { foreignKey, name: "fk" }));
  on.pipe("carts", { key: "c1", value: cart("ann", 1), timestampMs: 1 });
  const stale = Buffer.concat([Buffer.alloc(17), Buffer.from("Ann")]);
  const answer = { key: Buffer.from("c1"), value: stale, timestampMs: 2, headers: [] };
  expect(on.pipeBytes("test-fk-subscription-response-topic", answer)).toEqual([]);
  expect(reasons(on)).toEqual(["stale"]);
});

test("results with a store are kept, and a group below subtracts what they were", () => {
  const on = new TopologyHost((builder) => {
    builder
      .table("carts", carts)
      .join(builder.table("users", text), (_cart, user) => user, { foreignKey, store: "named", value: string() })
      .groupBy((id, user) => [user, id], text)
      .count({ store: "per-user" });
  });
  on.pipe("carts", { key: "c1", value: cart("ann", 1), timestampMs: 1 });
  on.pipe("users", { key: "ann", value: "Ann", timestampMs: 2 });
  on.pipe("users", { key: "ann", value: "Anna", timestampMs: 3 });
  expect(on.rows("named")).toEqual([["c1", "Anna", 3]]);
  expect(on.rows("per-user")).toEqual([
    ["Ann", 0, 3],
    ["Anna", 1, 3],
  ]);
});

test("a table is joined with itself", () => {
  const on = new TopologyHost((builder) => {
    const all = builder.table("carts", carts);
    all
      .join(all, (own, other) => `${own.n}<${other.n}`, { foreignKey })
      .toStream()
      .to("out", text);
  });
  on.pipe("carts", { key: "boss", value: cart(null, 1), timestampMs: 1 });
  expect(on.pipe("carts", { key: "c1", value: cart("boss", 2), timestampMs: 2 }).map(plain)).toEqual([
    ["c1", "2<1", 2],
  ]);
});

test("serdes that are needed and not known are named", () => {
  const builder = new StreamsBuilder();
  const users = builder.table("users", text);
  const mapped = builder.table("carts", carts).mapValues((each) => each);
  expect(() => mapped.join(users, both, { foreignKey })).toThrow(
    expect.objectContaining({ code: "TOPOLOGY_INVALID", message: expect.stringContaining("KTABLE-MAPVALUES") }),
  );
});

test.for([
  ["left", ["A", "old", 5], []],
  ["right", ["x", "OLD", 5], []],
] as const)("a version of the %s table that comes out of order changes no result", ([side, late, expected]) => {
  const kept = (topic: string) => ({
    key: string(),
    value: string(),
    store: topic === side ? versionedKeyValue(topic, 100) : topic,
  });
  const host = new TopologyHost((builder) => {
    const left = builder.table("left", kept("left"));
    const right = builder.table("right", kept("right"));
    left
      .join(right, (row, other) => `${row}:${other}`, { foreignKey: () => "x" })
      .toStream()
      .to("out", { key: string(), value: string() });
  });
  host.pipe("left", { key: "A", value: "new", timestampMs: 10 });
  host.pipe("right", { key: "x", value: "NEW", timestampMs: 20 });
  const [key, value, timestampMs] = late;
  expect(host.pipe(side, { key, value, timestampMs })).toEqual(expected);
  expect(host.drops.map(([, reason]) => reason)).toEqual(["out-of-order"]);
});
