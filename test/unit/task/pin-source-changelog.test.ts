import { expect, test } from "vitest";
import { prepareApplication } from "../../../lib/application/prepare.ts";
import type { App, AppSettings, ProcessorContext, StoreBuilder, StreamsBuilder } from "../../../lib/index.ts";
import {
  defineApp,
  int64,
  json,
  logAndContinue,
  openTables,
  Stores,
  string,
  versionedKeyValue,
} from "../../../lib/index.ts";
import { TopologyTestDriver } from "../../../lib/testing/topology-test-driver.ts";
import { PinScene, type RunningPin } from "../../support/pin-scene.ts";

const text = { key: string(), value: string() };
const reused = { topologyOptimization: ["reuse.ktable.source.topics"] } as const;

function joined(builder: StreamsBuilder): void {
  const rows = builder.table("rows", { ...text, store: "rows" });
  builder
    .stream("in", text)
    .leftJoin(rows, (left, right) => `${left}+${right}`)
    .to("out", text);
}

const app = (settings: Omit<AppSettings, "id"> = reused, define = joined): App =>
  defineApp({ id: "app", ...settings }, define);

class Scene {
  readonly pins: PinScene;
  constructor(pins: PinScene) {
    this.pins = pins;
  }

  static async open(of: App): Promise<Scene> {
    return new Scene(await PinScene.open({ app: of, partitions: 1 }));
  }

  start(worker: string): Promise<RunningPin> {
    return this.pins.startPin(0, this.pins.environment(worker).environment).untilRunning();
  }

  row(key: string | null, value: string | null, timestampMs = 1): Promise<unknown> {
    return this.pins.write("rows", 0, [{ key, value, timestampMs } as never]);
  }

  async ask(pin: RunningPin, ...keys: readonly string[]): Promise<readonly unknown[]> {
    const before = (await this.pins.read("out")).length;
    await this.pins.write(
      "in",
      0,
      keys.map((key) => ({ key, value: key, timestampMs: 5 })),
    );
    await pin.untilCaughtUp();
    return (await this.pins.read("out")).slice(before).map(({ value }) => value?.toString());
  }
}

test("a table is restored from its topic up to where it was read: whole, and on top of a snapshot", async () => {
  const scene = await Scene.open(app());
  expect([...scene.pins.plan.topics.keys()].filter((topic) => topic.includes("changelog"))).toEqual([]);
  await scene.row("a", "1");
  await scene.row(null, "nobody");
  await scene.row("b", "1");
  const first = await scene.start("w1");
  expect(await scene.ask(first, "a", "b")).toEqual(["a+1", "b+1"]);
  await first.drained("handover");

  const second = await scene.start("w2");
  expect(await scene.ask(second, "a", "b", "c")).toEqual(["a+1", "b+1", "c+null"]);
  await scene.row("b", null);
  await scene.row("c", "2");
  await second.untilCaughtUp();
  expect(await second.drained("sleep")).toMatchObject({ asleep: true });

  await scene.row("a", "3");
  const third = await scene.start("w3");
  expect(await scene.ask(third, "a", "b", "c")).toEqual(["a+3", "b+null", "c+2"]);
  await third.drained("handover");
  const fourth = await scene.start("w4");
  expect(await scene.ask(fourth, "a", "b", "c")).toEqual(["a+3", "b+null", "c+2"]);
  await fourth.drained();
});

test("records behind the position are no rows yet", async () => {
  const scene = await Scene.open(app());
  await scene.row("a", "1");
  const first = await scene.start("w1");
  await first.untilCaughtUp();
  await first.drained("handover");
  await scene.row("a", "2");
  const tables = await openTables(scene.pins.app, {
    log: scene.pins.log,
    leases: scene.pins.leases,
    objects: scene.pins.objects,
  });
  const { row, position } = await scene.pins.run(() => tables.get<string, string>("rows").get("a"));
  expect([row?.value, position["rows:0"]]).toEqual(["1", 2]); // behind the marker of the first write
});

test("bytes that say null are a deletion, for queries of the topic too", async () => {
  const rows = (builder: StreamsBuilder): void => {
    builder.table("rows", { key: string(), value: json(), store: "rows" });
  };
  const scene = await Scene.open(app(reused, rows));
  const first = await scene.start("w1");
  for (const value of ['"here"', "null"]) await scene.row("a", value);
  await first.untilCaughtUp();
  const { log, leases, objects } = scene.pins;
  const tables = await scene.pins.run(() => openTables(scene.pins.app, { log, leases, objects }));
  expect((await scene.pins.run(() => tables.get("rows").get("a"))).row).toBeUndefined();
});

test("what an exception handler let pass is skipped again", async () => {
  const numbers = (builder: StreamsBuilder): void => {
    const rows = builder.table("rows", { key: string(), value: int64(), store: "rows" });
    builder
      .stream("in", text)
      .leftJoin(rows, (left, right) => `${left}+${right}`)
      .to("out", text);
  };
  const scene = await Scene.open(app({ ...reused, deserializationExceptionHandler: logAndContinue() }, numbers));
  await scene.row("a", "\0\0\0\0\0\0\0\u0007");
  await scene.row("a", "no number");
  const first = await scene.start("w1");
  expect(await scene.ask(first, "a")).toEqual(["a+7"]);
  await first.drained("handover");
  const second = await scene.start("w2");
  expect(await scene.ask(second, "a")).toEqual(["a+7"]);
  await second.drained();
});

test("a topic whose beginning is gone is read from where it begins", async () => {
  const scene = await Scene.open(app());
  for (const value of ["1", "2", "3"]) await scene.row("a", value);
  await scene.pins.run(() => scene.pins.log.deleteRecords(new Map([["rows:0" as const, 2]])));
  const first = await scene.start("w1");
  await first.untilCaughtUp();
  await first.drained("handover");
  const second = await scene.start("w2");
  expect(await scene.ask(second, "a")).toEqual(["a+3"]);
  await second.drained();
});

test("a table with history has its versions again", async () => {
  const scene = await Scene.open(
    app(reused, (builder) => {
      const rows = builder.table("rows", { ...text, store: versionedKeyValue("rows", "1m") });
      builder
        .stream("in", text)
        .leftJoin(rows, (left, right) => `${left}+${right}`)
        .to("out", text);
    }),
  );
  await scene.row("a", "new", 9);
  await scene.row("a", "old", 4);
  const first = await scene.start("w1");
  await first.untilCaughtUp();
  await first.drained("handover");
  const second = await scene.start("w2");
  expect(await scene.ask(second, "a")).toEqual(["a+old"]);
  await second.drained();
});

test.for<[string, App]>([
  ["is not asked for", app({})],
  [
    "has timestamps of its own",
    app(reused, (builder) => {
      builder.table("rows", { ...text, store: "rows", timestampExtractor: () => 1 });
    }),
  ],
  [
    "does not start at the first record",
    app({ ...reused, autoOffsetReset: "latest" }, (builder) => {
      builder.table("rows", { ...text, store: "rows" });
    }),
  ],
  [
    "has rows that end",
    app(reused, (builder) => {
      builder.table("rows", { ...text, store: "rows", ttl: "1h" });
    }),
  ],
])("a table that %s keeps a changelog", ([, { topology }]) => {
  expect(topology.stores.get("rows")).toMatchObject({ logged: true });
  expect(topology.stores.get("rows")?.sourceTopic).toBeUndefined();
});

test("an application that was deployed with a changelog keeps it: the other way is refused", async () => {
  const scene = await Scene.open(app({}));
  const change = scene.pins.run(() => prepareApplication(app(), scene.pins, "deploy"));
  await expect(change).rejects.toMatchObject({
    code: "TOPOLOGY_INCOMPATIBLE",
    message: expect.stringContaining("store rows changed its sourceTopic from undefined to rows"),
  });
});

test("a test driver restores it too", async () => {
  const driver = new TopologyTestDriver(app());
  const rows = driver.createInputTopic<string, string>("rows");
  rows.pipeInput("a", "1");
  rows.pipeInput(null, "nobody");
  await driver.restart();
  rows.pipeInput("b", "2");
  await driver.takeSnapshot();
  rows.pipeInput("a", null);
  await driver.restart();
  expect(driver.keyValueRows("rows").map(({ key, value }) => [key, value])).toEqual([["b", "2"]]);
});

const rates = Stores.timestampedKeyValue("rates", text);

function withRates(builder: StreamsBuilder): void {
  builder.addReadOnlyStateStore(rates, "rows", {
    ...text,
    source: "rows-source",
    name: "rows-writer",
    supplier: (context) => {
      const store = context.getStateStore(rates);
      return { process: ({ key, value, timestampMs }) => store.put(key, { value, timestampMs }) };
    },
  });
  builder
    .stream("in", text)
    .process(
      (context: ProcessorContext<string, string>) => ({
        process: (record) =>
          context.forward(record.withValue(`${context.getStateStore(rates).get(record.key)?.value}`)),
      }),
      { stores: ["rates"] },
    )
    .to("out", text);
}

test("a read-only store is what its topic is, in the next worker too", async () => {
  const scene = await Scene.open(app({}, withRates));
  await scene.row("a", "1");
  await scene.row("b", "2");
  const first = await scene.start("w1");
  expect(await scene.ask(first, "a", "b", "c")).toEqual(["1", "2", "undefined"]);
  await first.drained("handover");
  await scene.row("a", "3");
  const second = await scene.start("w2");
  expect(await scene.ask(second, "a", "b")).toEqual(["3", "2"]);
  await second.drained();
  expect([...scene.pins.plan.topics.keys()].filter((topic) => topic.includes("changelog"))).toEqual([]);
});

test.for<[string, StoreBuilder, string]>([
  ["by window", Stores.window("w", { ...text, windowSize: "1m", retention: "1h" }), "has other keys than records have"],
  ["with other serdes", Stores.keyValue("n", { key: string(), value: int64() }), "has other serdes than the topic"],
])("a read-only store %s is refused", ([, store, message]) => {
  const define = (builder: StreamsBuilder): void => {
    builder.addReadOnlyStateStore(store, "rows", {
      ...text,
      source: "s",
      name: "p",
      supplier: () => ({ process: () => {} }),
    });
  };
  expect(() => app({}, define)).toThrow(message);
});
