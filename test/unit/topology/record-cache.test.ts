import { expect, test } from "vitest";
import { defineApp, int64, Stores, string, timeWindows } from "../../../lib/index.ts";
import { TopologyTestDriver } from "../../../lib/testing/topology-test-driver.ts";
import { PinScene } from "../../support/pin-scene.ts";

const text = { key: string(), value: string() };
const counting = (statestoreCacheMaxBytes: number) =>
  defineApp({ id: "app", statestoreCacheMaxBytes }, (builder) => {
    const counts = builder
      .stream("in", text)
      .flatMapValues((line) => line.split(" "))
      .groupByKey(text)
      .aggregate(
        () => "",
        (_key, word, all) => (word === "-" ? null : all + word),
        { store: "s", value: string() },
      );
    counts.toStream().to("out");
    counts
      .filter((_key, all) => all.length > 2, { store: "long" })
      .toStream()
      .to("long");
  });

function outputs(driver: TopologyTestDriver, topic = "out") {
  return driver
    .createOutputTopic<string, string>(topic)
    .readRecords()
    .map(({ key, value }) => `${key}=${value}`);
}

test("only the last change of a row goes on, also from one table to the next", () => {
  const driver = new TopologyTestDriver(counting(1 << 20));
  const input = driver.createInputTopic<string, string>("in");
  input.pipeInput("k", "a b c");
  input.pipeInput("k", "d - e");
  expect([outputs(driver), outputs(driver, "long")]).toEqual([
    ["k=abc", "k=e"],
    ["k=abc", "k=null"],
  ]);
});

test("a row that came and went does not show; one that was there before is deleted", () => {
  const driver = new TopologyTestDriver(counting(1 << 20));
  const input = driver.createInputTopic<string, string>("in");
  input.pipeInput("k", "a -");
  expect(outputs(driver)).toEqual([]);
  input.pipeInput("k", "a");
  input.pipeInput("k", "b -");
  expect(outputs(driver)).toEqual(["k=a", "k=null"]);
});

test("a row that is deleted has the time of its record, one that stays the largest of its records", () => {
  const driver = new TopologyTestDriver(counting(1 << 20));
  const input = driver.createInputTopic<string, string>("in");
  input.pipeInput("k", "a", { timestampMs: 9 });
  input.pipeInput("k", "b", { timestampMs: 5 });
  input.pipeInput("k", "-", { timestampMs: 7 });
  const records = driver.createOutputTopic<string, string>("out").readRecords();
  expect(records.map(({ value, timestampMs }) => [value, timestampMs])).toEqual([
    ["a", 9],
    ["ab", 9],
    [null, 7],
  ]);
});

test("a row whose time is over has the time at which it was, also when a late record lets it go", () => {
  const app = defineApp({ id: "app", statestoreCacheMaxBytes: 1 << 20 }, (builder) => {
    builder.stream("in", text).groupByKey().count({ store: "s", ttl: 200 }).toStream().to("out");
  });
  const driver = new TopologyTestDriver(app);
  const input = driver.createInputTopic<string, string>("in");
  // One more than a record lets go.
  for (let n = 0; n <= 100; n++) input.pipeInput(`k${n}`, "x", { timestampMs: 700 + n });
  input.pipeInput("z", "x", { timestampMs: 2_000 });
  const output = driver.createOutputTopic<string, number>("out");
  output.readRecords();
  input.pipeInput("late", "x", { timestampMs: 500 });
  expect(output.readRecords().map(({ key, value, timestampMs }) => [key, value, timestampMs])).toEqual([
    ["k100", null, 1_000],
    ["late", 1, 500],
  ]);
});

test("stores of a transformer's own are its own: a cache is for the rows of the table", () => {
  const visits = Stores.session("visits", { key: string(), value: int64(), retention: 1_000 });
  const notes = Stores.keyValue("notes", { key: string(), value: int64() });
  const app = defineApp({ id: "app", statestoreCacheMaxBytes: 1 << 20 }, (builder) => {
    builder
      .table("in", text)
      .transformValues(
        (context) => {
          const sessions = context.getStateStore(visits);
          const noted = context.getStateStore(notes);
          return {
            transform: (key: string, value: string | null) => {
              noted.put(`${key}${value}`, 1);
              sessions.put({ key, window: { startMs: 0, endMs: 5 } }, noted.approximateNumEntries());
              return `${value} ${[...sessions.findSessions(key, 0, 9)].map(([, count]) => count)}`;
            },
          };
        },
        { stores: [visits, notes], store: "rows", value: string() },
      )
      .toStream()
      .to("out");
  });
  const driver = new TopologyTestDriver(app);
  const input = driver.createInputTopic<string, string>("in");
  input.pipeInput("k", "x");
  input.pipeInput("k", "y");
  expect(outputs(driver)).toEqual(["k=x 0", "k=y 1"]);
});

test("a cache that is too small lets everything go on at once", () => {
  const driver = new TopologyTestDriver(counting(1));
  driver.createInputTopic<string, string>("in").pipeInput("k", "a b");
  expect(outputs(driver)).toEqual(["k=a", "k=ab"]);
});

test("windows go on in the order of their last change, with the time of it", () => {
  const app = defineApp({ id: "app", statestoreCacheMaxBytes: 1_000 }, (builder) => {
    const windowed = builder
      .stream("in", text)
      .flatMap((key, line) => line.split(" ").map((word) => [word, key] as const))
      .groupByKey(text)
      .windowedBy(timeWindows({ size: 10, grace: 0 }));
    windowed
      .count({ store: "s" })
      .toStream()
      .map(({ key, window }, count) => [`${key}@${window.startMs}`, count ?? 0] as const)
      .to("out", { key: string(), value: int64() });
  });
  const driver = new TopologyTestDriver(app);
  driver.createInputTopic<string, string>("in").pipeInput("k", "a b a", { timestampMs: 12 });
  const records = driver.createOutputTopic<string, number>("out").readRecords();
  // Repartitioned: each word is a commit of its own.
  expect(records.map(({ key, value, timestampMs }) => [key, value, timestampMs])).toEqual([
    ["a@10", 1, 12],
    ["b@10", 1, 12],
    ["a@10", 2, 12],
  ]);
});

test("a pin forwards with each commit, and an abort takes back what waits", async () => {
  const scene = await PinScene.open({ app: counting(1 << 20), partitions: 1 });
  const { environment, faults } = scene.environment("w1");
  const pin = await scene.startPin(0, environment).untilRunning();
  await scene.write("in", 0, [
    { key: "k", value: "a", timestampMs: 1 },
    { key: "k", value: "b", timestampMs: 2 },
  ]);
  await pin.untilCaughtUp();
  faults.loseRequests("EndTxn");
  await scene.write("in", 0, [{ key: "k", value: "c", timestampMs: 3 }]);
  await scene.until(() => faults.lostCount() > 0);
  await pin.untilCaughtUp();
  await pin.drained();
  expect((await scene.read("out")).map(({ value }) => value?.toString())).toEqual(["ab", "abc"]);
});

test("nothing waits behind a commit, also in a store that is named above the node that fills it", async () => {
  const app = defineApp({ id: "app", statestoreCacheMaxBytes: 1 << 20 }, (builder) => {
    const input = builder.stream("in", text);
    input.process(() => ({ process: () => undefined }), { stores: ["last"] });
    input
      .groupByKey()
      .reduce((all, word) => all + word, { store: "all" })
      .toStream()
      .groupByKey(text)
      .reduce((_before, all) => all, { store: "last" })
      .toStream()
      .to("out");
  });
  const scene = await PinScene.open({ app, partitions: 1 });
  const pin = await scene.startPin(0, scene.environment("w1").environment).untilRunning();
  await scene.write("in", 0, [
    { key: "k", value: "a", timestampMs: 1 },
    { key: "k", value: "b", timestampMs: 2 },
  ]);
  await pin.untilCaughtUp();
  await pin.drained();
  expect((await scene.read("out")).map(({ value }) => value?.toString())).toEqual(["ab"]);
});

test.for([-1, 0.5])("a cache of %d bytes is refused", (size) => {
  expect(() => counting(size)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});
