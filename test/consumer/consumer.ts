/**
 * A program of a user's: it knows the package by its name and sees nothing but dist/. `npm run build` type-checks it and
 * runs it.
 */
import assert from "node:assert/strict";
import type { KeyRow, SettingsInput, StreamError } from "millrace";
import {
  defineApp,
  describe,
  describeSettings,
  int64,
  isStreamError,
  openTables,
  parseSettings,
  string,
} from "millrace";
import { connect, connectionsFromEnvironment, runCoordinator, runWorker } from "millrace/runtime";
import { coordinatorHandler, queryHandler, workerHandler } from "millrace/serverless";
import { startEmbedded, TopologyTestDriver } from "millrace/testing";

const app = defineApp({ id: "word-count" }, (builder) => {
  builder
    .stream("words", { key: string(), value: string() })
    .groupBy((_key, word) => word, { key: string() })
    .count({ store: "counts" })
    .toStream()
    .to("counts", { key: string(), value: int64() });
});
assert.match(describe(app.topology), /Sub-topology: 1/);

const settings: SettingsInput = { commit: { intervalMs: "50ms" } };
assert.equal(parseSettings(settings).commit.intervalMs, 50);
assert.ok(describeSettings().length > 0);

const driver = new TopologyTestDriver(app);
driver.createInputTopic<string, string>("words").pipeInput("line", "one");
assert.deepEqual(driver.createOutputTopic<string, number>("counts").readRecord()?.value, 1);

const running = await startEmbedded({ app, topics: { words: 2 }, settings });
await running.write("words", [
  { key: "a", value: "two" },
  { key: "b", value: "two" },
]);
await running.caughtUp();
const tables = await openTables(app, running.platform);
const { row }: { row: KeyRow<string, number> | undefined } = await tables.get<string, number>("counts").get("two");
assert.equal(row?.value, 2);
await running.stop();

assert.equal(errorOf(() => tables.get("sums"))?.advice, "fix-request");
assert.equal(errorOf(() => connectionsFromEnvironment({}))?.code, "CONFIG_INVALID");
for (const made of [
  coordinatorHandler(app),
  queryHandler(app),
  workerHandler(app),
  connect,
  runCoordinator,
  runWorker,
]) {
  assert.equal(typeof made, "function");
}

function errorOf(act: () => unknown): StreamError | undefined {
  try {
    act();
  } catch (error) {
    if (isStreamError(error)) return error;
  }
  return undefined;
}
