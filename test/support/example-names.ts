/**
 * The cast of the documentation: names that an `@example` may use without declaring them, beside what lib exports. Every
 * example gets its own copy, so that one does not see what another did.
 */
import { z } from "zod";
import { defineApp, int64, json, StreamsBuilder, string, timeWindows } from "../../lib/index.ts";

export { z };

/** A trade of the running example. */
export const Trade = z.object({ ticker: z.string(), price: z.number(), size: z.number().int() });
export type Trade = z.infer<typeof Trade>;
/** A customer order. */
export const Order = z.object({ city: z.string(), total: z.number() });
export type Order = z.infer<typeof Order>;
/** A user of a site. */
export const User = z.object({ name: z.string(), city: z.string(), active: z.boolean() });
export type User = z.infer<typeof User>;
/** What a user is about to order. */
export const Cart = z.object({ user: z.string(), total: z.number() });
export type Cart = z.infer<typeof Cart>;
/** One visit of a page. */
export const Visit = z.object({ user: z.string(), seconds: z.number() });
export type Visit = z.infer<typeof Visit>;
/** The pages that a user saw in one go. */
export const Session = z.object({ pages: z.array(z.string()) });
export type Session = z.infer<typeof Session>;
/** Sum and count of something. */
export const Stats = z.object({ sum: z.number(), count: z.number().int() });
export type Stats = z.infer<typeof Stats>;

export { systemClock as clock, systemRandom as random } from "../../lib/adapters/system/clock.ts";

/** Empty: an example builds on it. */
export const builder = new StreamsBuilder();

const cast = new StreamsBuilder();

export const words = cast.stream("words", { key: string(), value: string() });
export const lines = cast.stream("lines", { key: string(), value: string() });
export const clicks = cast.stream("clicks", { key: string(), value: string() });
export const web = cast.stream("web", { key: string(), value: string() });
export const mobile = cast.stream("mobile", { key: string(), value: string() });
export const prices = cast.stream("prices", { key: string(), value: int64() });
export const trades = cast.stream("trades", { key: string(), value: json(Trade) });
export const orders = cast.stream("orders", { key: string(), value: json(Order) });
export const visits = cast.stream("visits", { key: string(), value: json(Visit) });
export const sessions = cast.stream("sessions", { key: string(), value: json(Session) });
export const users = cast.table("users", { key: string(), value: json(User), store: "users" });
export const carts = cast.table("carts", { key: string(), value: json(Cart) });
export const stats = cast.table("stats", { key: string(), value: json(Stats), store: "stats" });
export const counts = clicks.groupByKey().count({ store: "clicks-per-page" });
export const perMinute = clicks
  .groupByKey()
  .windowedBy(timeWindows({ size: "1m", grace: "10s" }))
  .count({ store: "clicks-per-minute" });

/** Filled by side effects of examples. */
export const seen: unknown[] = [];

/** A whole application. */
export const app = defineApp({ id: "word-count" }, (builder) => {
  builder
    .stream("words", { key: string(), value: string() })
    .groupByKey()
    .count({ store: "counts" })
    .toStream()
    .to("counts");
});
