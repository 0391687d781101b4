import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import type {
  App,
  CogroupedKStream,
  ExceptionHandler,
  KGroupedStream,
  KStream,
  KTable,
  Pair,
  SessionWindowedKStream,
  TimeWindowedKStream,
  Windowed,
} from "../../lib/index.ts";
import {
  bytes,
  chooseHandler,
  deadLetter,
  defineApp,
  float64,
  int64,
  json,
  logAndContinue,
  logAndFail,
  retry,
  StreamsBuilder,
  Suppressed,
  sessionWindowed,
  sessionWindows,
  slidingWindows,
  string,
  timeWindowed,
  timeWindows,
  unlimitedWindows,
  versionedKeyValue,
} from "../../lib/index.ts";

const Trade = z.object({ ticker: z.string(), price: z.number(), size: z.number().int() });
const Stats = z.object({ count: z.number(), min: z.number(), sum: z.number() });
const Summary = Stats.extend({ average: z.number() });
type Trade = z.infer<typeof Trade>;

const builder = new StreamsBuilder();
const words = builder.stream("words", { key: string(), value: string() });
const trades = builder.stream("trades", { key: string(), value: Trade });

test("the example of the README compiles and infers everything", () => {
  const app = defineApp({ id: "stock-trades" }, (stock) => {
    stock
      .stream("trades", { key: string(), value: json(Trade) })
      .groupByKey()
      .windowedBy(timeWindows({ size: "5s", advance: "1s", grace: "1s" }))
      .aggregate(
        () => ({ count: 0, min: Infinity, sum: 0 }),
        (_ticker, trade, s) => ({ count: s.count + 1, min: Math.min(s.min, trade.price), sum: s.sum + trade.price }),
        { store: "trade-stats", value: json(Stats) },
      )
      .mapValues((s) => ({ ...s, average: s.sum / s.count }))
      .toStream()
      .to("trade-stats-out", { key: timeWindowed(string(), "5s"), value: json(Summary) });
  });
  expectTypeOf(app).toEqualTypeOf<App>();
});

test("sources have the types of their serdes and schemas", () => {
  expectTypeOf(words).toEqualTypeOf<KStream<string, string>>();
  expectTypeOf(trades).toEqualTypeOf<KStream<string, Trade>>();
  expectTypeOf(builder.stream(["a", "b"], { key: int64(), value: bytes() })).toEqualTypeOf<
    KStream<number, Uint8Array>
  >();
  expectTypeOf(builder.stream("t", { key: string(), value: json<{ n: number }>() })).toEqualTypeOf<
    KStream<string, { n: number }>
  >();
  expectTypeOf(builder.stream("t", { key: string(), value: json() })).toEqualTypeOf<KStream<string, unknown>>();
  expectTypeOf(builder.table("t", { key: string(), value: Trade })).toEqualTypeOf<KTable<string, Trade>>();
  // @ts-expect-error a source needs both serdes
  builder.stream("t", { key: string() });
  // @ts-expect-error a key is not read by a schema
  builder.stream("t", { key: Trade, value: Trade });
});

test("mappers give the types that follow", () => {
  expectTypeOf(words.mapValues((word) => word.length)).toEqualTypeOf<KStream<string, number>>();
  expectTypeOf(words.mapValues((word, key) => [word, key] as const)).toEqualTypeOf<
    KStream<string, readonly [string, string]>
  >();
  expectTypeOf(words.map((key, word) => [word.length, key])).toEqualTypeOf<KStream<number, string>>();
  expectTypeOf(words.selectKey((_key, word) => word.length)).toEqualTypeOf<KStream<number, string>>();
  expectTypeOf(words.flatMapValues((word) => [word.length])).toEqualTypeOf<KStream<string, number>>();
  expectTypeOf(words.flatMap((key, word): Pair<number, string>[] => [[word.length, key]])).toEqualTypeOf<
    KStream<number, string>
  >();
  expectTypeOf(words.peek(() => {})).toEqualTypeOf<KStream<string, string>>();
  // @ts-expect-error map returns a pair
  words.map((_key, word) => word);
  // @ts-expect-error price is a number
  trades.mapValues((trade) => trade.price.length);
});

test("a filter keeps the type, a type guard narrows it", () => {
  const maybe = builder.stream<string, string | null>("maybe", { key: string(), value: string() });
  expectTypeOf(maybe.filter((key) => key !== "")).toEqualTypeOf<KStream<string, string | null>>();
  expectTypeOf(maybe.filter((_key, value): value is string => value !== null)).toEqualTypeOf<KStream<string, string>>();
  expectTypeOf(maybe.filter((_key, value) => value !== null)).toEqualTypeOf<KStream<string, string>>();
  expectTypeOf(maybe.filterNot((_key, value) => value === null)).toEqualTypeOf<KStream<string, string | null>>();
  const table = builder.table<string, string | number>("mixed", { key: string(), value: json<string | number>() });
  expectTypeOf(table.filter((_key, value): value is string => typeof value === "string")).toEqualTypeOf<
    KTable<string, string>
  >();
});

test("merge takes a stream of the same type", () => {
  expectTypeOf(words.merge(words)).toEqualTypeOf<KStream<string, string>>();
  // @ts-expect-error values differ
  words.merge(trades);
});

test("groups have the types of what is read back from a repartition topic", () => {
  expectTypeOf(words.groupByKey()).toEqualTypeOf<KGroupedStream<string, string>>();
  expectTypeOf(words.groupBy((_key, word) => word.length, { key: int64() })).toEqualTypeOf<
    KGroupedStream<number, string>
  >();
  const sided = words.groupBy((_key, word) => (word === "a" ? "left" : "right"), { key: string() });
  expectTypeOf(sided).toEqualTypeOf<KGroupedStream<string, string>>();
  const sometimes = words.groupBy((_key, word) => (word === "a" ? null : word), { key: string() });
  expectTypeOf(sometimes).toEqualTypeOf<KGroupedStream<string, string>>();
  // @ts-expect-error a new key needs its serde
  words.groupBy((_key, word) => word.length);
  // @ts-expect-error the key is a number
  words.groupBy((_key, word) => word.length, { key: string() });
  // @ts-expect-error the value is a string
  words.groupBy((_key, word) => word, { key: string(), value: int64() });
});

test("aggregations of streams give tables of what they compute", () => {
  const grouped = trades.groupByKey();
  expectTypeOf(grouped.count()).toEqualTypeOf<KTable<string, number>>();
  expectTypeOf(grouped.reduce((a, b) => (a.price > b.price ? a : b))).toEqualTypeOf<KTable<string, Trade>>();
  const sum = grouped.aggregate(
    () => 0,
    (_ticker, trade, total) => total + trade.size,
    { value: int64() },
  );
  expectTypeOf(sum).toEqualTypeOf<KTable<string, number>>();
  const withSchema = grouped.aggregate(
    () => ({ count: 0, min: 0, sum: 0 }),
    (_ticker, trade, s) => (trade.size === 0 ? null : { ...s, sum: s.sum + trade.price }),
    { store: "s", value: Stats },
  );
  expectTypeOf(withSchema).toEqualTypeOf<KTable<string, z.infer<typeof Stats>>>();
  grouped.aggregate(
    () => 0,
    (_ticker, trade, total) => total + trade.size,
    // @ts-expect-error the aggregate is a number
    { value: string() },
  );
  const add = (_ticker: string, trade: Trade, total: number): number => total + trade.size;
  // @ts-expect-error an aggregate needs a serde
  grouped.aggregate(() => 0, add, { store: "s" });
  // @ts-expect-error a reducer gives a value of the stream
  grouped.reduce((a, b) => a.price + b.price);
});

test("windowed aggregations have windowed keys, and grace is explicit", () => {
  const windowed = words.groupByKey().windowedBy(timeWindows({ size: "5s", grace: 0 }));
  expectTypeOf(windowed.count()).toEqualTypeOf<KTable<Windowed<string>, number>>();
  expectTypeOf(windowed.reduce((a, b) => a + b)).toEqualTypeOf<KTable<Windowed<string>, string>>();
  const lengths = windowed.aggregate(
    () => 0,
    (_key, word, total) => total + word.length,
    { value: int64(), retention: "1h" },
  );
  expectTypeOf(lengths.toStream()).toEqualTypeOf<KStream<Windowed<string>, number>>();
  // @ts-expect-error grace decides what is lost
  timeWindows({ size: "5s" });
  // @ts-expect-error not a unit
  timeWindows({ size: "5 parsecs", grace: 0 });
});

test("cogrouped streams keep the types of their own values", () => {
  const group = trades.groupByKey().cogroup<number>((_ticker, trade, sum) => sum + trade.size);
  expectTypeOf(group).toEqualTypeOf<CogroupedKStream<string, number>>();
  const both = group.cogroup(words.groupByKey(), (_ticker, word, sum) => sum + word.length);
  expectTypeOf(both.aggregate(() => 0, { value: int64() })).toEqualTypeOf<KTable<string, number>>();
  const windowed = both.windowedBy(timeWindows({ size: "5s", grace: 0 })).aggregate(() => 0, { value: int64() });
  expectTypeOf(windowed).toEqualTypeOf<KTable<Windowed<string>, number>>();
  const sessions = both.windowedBy(sessionWindows({ gap: "5s", grace: 0 }));
  expectTypeOf(sessions.aggregate(() => 0, { merger: (_key, a, b) => a + b, value: int64() })).toEqualTypeOf<
    KTable<Windowed<string>, number>
  >();
  // @ts-expect-error sessions meet: their aggregates must be merged
  sessions.aggregate(() => 0, { value: int64() });
  // @ts-expect-error the aggregate is a number
  both.aggregate(() => "", { value: string() });
  const byNumber = words.groupBy((_key, word) => word.length, { key: int64() });
  // @ts-expect-error keys differ
  group.cogroup(byNumber, (_ticker, _word, sum) => sum);
});

test("only windows can wait until they close", () => {
  const perWindow = words
    .groupByKey()
    .windowedBy(timeWindows({ size: "5s", grace: 0 }))
    .count();
  expectTypeOf(perWindow.suppress(Suppressed.untilWindowCloses())).toEqualTypeOf<KTable<Windowed<string>, number>>();
  const counts = words.groupByKey().count();
  expectTypeOf(counts.suppress(Suppressed.untilTimeLimit("5s"))).toEqualTypeOf<KTable<string, number>>();
  // @ts-expect-error keys are no windows
  counts.suppress(Suppressed.untilWindowCloses());
  // @ts-expect-error early results would not be final
  Suppressed.untilWindowCloses({ maxRecords: 5, whenFull: "emitEarlyWhenFull" });
});

test("a windowed aggregation emits on update or on close", () => {
  const windowed = words.groupByKey().windowedBy(timeWindows({ size: "5s", grace: 0 }));
  expectTypeOf(windowed.emitStrategy("onWindowClose")).toEqualTypeOf<TimeWindowedKStream<string, string>>();
  // @ts-expect-error no such strategy
  windowed.emitStrategy("sometimes");
});

test("sliding and unlimited windows are windows like others", () => {
  const grouped = words.groupByKey();
  const sliding = grouped.windowedBy(slidingWindows({ timeDifference: "5s", grace: "1s" }));
  expectTypeOf(sliding.count()).toEqualTypeOf<KTable<Windowed<string>, number>>();
  expectTypeOf(grouped.windowedBy(unlimitedWindows()).count()).toEqualTypeOf<KTable<Windowed<string>, number>>();
  // @ts-expect-error grace decides what is lost
  slidingWindows({ timeDifference: "5s" });
});

test("sessions have windowed keys, and aggregates of sessions need a merger", () => {
  const sessions = words.groupByKey().windowedBy(sessionWindows({ gap: "5s", grace: 0 }));
  expectTypeOf(sessions).toEqualTypeOf<SessionWindowedKStream<string, string>>();
  expectTypeOf(sessions.count()).toEqualTypeOf<KTable<Windowed<string>, number>>();
  expectTypeOf(sessions.reduce((a, b) => a + b)).toEqualTypeOf<KTable<Windowed<string>, string>>();
  const add = (_key: string, word: string, total: number): number => total + word.length;
  const lengths = sessions.aggregate(() => 0, add, { merger: (_key, a, b) => a + b, value: int64() });
  expectTypeOf(lengths).toEqualTypeOf<KTable<Windowed<string>, number>>();
  lengths.toStream().to("out", { key: sessionWindowed(string()), value: int64() });
  // @ts-expect-error sessions meet: their aggregates must be merged
  sessions.aggregate(() => 0, add, { value: int64() });
  // @ts-expect-error the aggregate is a number
  sessions.aggregate(() => 0, add, { merger: (_key, a, b) => a + b, value: string() });
  // @ts-expect-error grace decides what is lost
  sessionWindows({ gap: "5s" });
});

test("where a source starts is one of Kafka Streams' ways", () => {
  const text = { key: string(), value: string() };
  builder.stream("a", { ...text, offsetReset: "none" });
  builder.stream("b", { ...text, offsetReset: { byDuration: "7d" } });
  // @ts-expect-error no such way
  builder.stream("c", { ...text, offsetReset: "newest" });
  // @ts-expect-error a duration has a unit that is known
  builder.stream("d", { ...text, offsetReset: { byDuration: "7 days" } });
});

test("tables map, filter and become streams", () => {
  const table = builder.table("users", { key: string(), value: Trade, store: "users" });
  expectTypeOf(table.mapValues((trade) => trade.price)).toEqualTypeOf<KTable<string, number>>();
  expectTypeOf(table.filter((_key, trade) => trade.price > 1)).toEqualTypeOf<KTable<string, Trade>>();
  expectTypeOf(table.toStream()).toEqualTypeOf<KStream<string, Trade>>();
  table.mapValues((trade) => trade.price, { store: "prices", value: float64() });
  // @ts-expect-error the new value is a number
  table.mapValues((trade) => trade.price, { store: "prices", value: string() });
});

test("a sink takes serdes that can write the stream, and nothing else", () => {
  words.to("out");
  words.to("out", { key: string(), value: string() });
  trades.to("out", { key: string(), value: json(Trade) });
  trades.to("out", { key: string(), value: Trade });
  // wider than the stream: everything in the stream can be written
  trades.to("out", { value: json(Trade.pick({ price: true })) });
  trades.to("out", { value: Trade.pick({ price: true }) });
  trades.to("out", { value: json() });
  words.mapValues((word) => (word === "" ? null : word)).to("out", { value: string() });
  words.mapValues((word) => (word === "a" ? "left" : "right")).to("out", { value: string() });
  // @ts-expect-error the key is a string
  words.to("out", { key: int64() });
  // @ts-expect-error the value is a string
  words.to("out", { value: int64() });
  // @ts-expect-error narrower than the stream: there is no average yet
  trades.to("out", { value: json(Trade.extend({ average: z.number() })) });
  // @ts-expect-error narrower than the stream, given as a schema
  trades.to("out", { value: Trade.extend({ average: z.number() }) });
  const perSecond = words.groupByKey().windowedBy(timeWindows({ size: "1s", grace: 0 }));
  // @ts-expect-error the key is windowed
  perSecond.count().toStream().to("out", { key: string() });
});

test("handlers are chosen by a name that is there", () => {
  const handlers = { aside: deadLetter("dead"), stop: logAndFail() };
  expectTypeOf(
    chooseHandler(handlers, ({ exception }) => (exception instanceof RangeError ? "aside" : "stop")),
  ).toEqualTypeOf<ExceptionHandler>();
  defineApp(
    { id: "app", processingExceptionHandler: retry({ attempts: 3, backoff: "1s", otherwise: logAndContinue() }) },
    () => {},
  );
  // @ts-expect-error no such handler
  chooseHandler(handlers, () => "elsewhere");
  // @ts-expect-error a dead letter needs a topic
  deadLetter();
  // @ts-expect-error a handler is made by a function
  defineApp({ id: "app", processingExceptionHandler: "continue" }, () => {});
  // @ts-expect-error a retry is bounded
  retry({ backoff: "1s" });
});

test("a table with history has the types of any other", () => {
  const prices = builder.table("prices", { key: string(), value: float64(), store: versionedKeyValue("prices", "1h") });
  expectTypeOf(prices).toEqualTypeOf<KTable<string, number>>();
  expectTypeOf(words.join(prices, (word, price) => word.length * price)).toEqualTypeOf<KStream<string, number>>();
  // @ts-expect-error how long history is kept has no default
  versionedKeyValue("prices");
  // @ts-expect-error only a source table keeps its history
  prices.mapValues((price) => price + 1, { store: versionedKeyValue("more", "1h"), value: float64() });
});
