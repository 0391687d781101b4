import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { str } from "./words.ts";

const text = { key: string(), value: string() };
const kept = { store: "joined", value: string() };

interface Order {
  readonly fk: string | null;
  readonly item: string;
}

type Orders = KTable<string, Order>;
type Customers = KTable<string, string>;

const foreignKey = (order: Order): string | null => order.fk;
const plus = (order: Order, customer: string | null): string => `${order.item}+${str(customer)}`;

function sides(builder: StreamsBuilder): readonly [Orders, Customers] {
  return [builder.table("orders", { key: string(), value: json<Order>() }), builder.table("customers", text)];
}

function joined(join: (orders: Orders, customers: Customers) => KTable<string, string>): CaseTopology {
  return (builder) =>
    join(...sides(builder))
      .toStream()
      .to("output", text);
}

/** Cases with joins by foreign key. */
export const foreignKeyJoins: Readonly<Record<string, CaseTopology>> = {
  "fk-join-inner": joined((orders, customers) => orders.join(customers, plus, { ...kept, foreignKey })),
  "fk-join-left": joined((orders, customers) => orders.leftJoin(customers, plus, { ...kept, foreignKey })),
  "fk-join-inner-unmaterialized": joined((orders, customers) => orders.join(customers, plus, { foreignKey })),
  "fk-join-left-null-keys": joined((orders, customers) => orders.leftJoin(customers, plus, { foreignKey })),
  "fk-join-group-by": (builder) => {
    const [orders, customers] = sides(builder);
    orders
      .join(customers, (_order, customer) => customer, {
        foreignKey,
        name: "fk",
        store: "fk-joined",
        value: string(),
      })
      .groupBy((id, customer) => [customer, id], text)
      .count({ store: "per-customer" })
      .toStream()
      .to("output", { key: string(), value: int64() });
  },
};
