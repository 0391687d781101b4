import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyTestDriver } from "../../../lib/testing/topology-test-driver.ts";
import type { ExceptionHandler, ExceptionHandlers } from "../../../lib/topology/exception-handler.ts";
import { logAndContinue, logAndFail } from "../../../lib/topology/exception-handler.ts";
import type { CaseTopology } from "../topologies/words.ts";
import { buildOptions } from "./build-options.ts";
import type { VectorFile, VectorFormat, VectorHeaders, VectorOutput, VectorTopic } from "./vector-file.ts";

const serdes: Readonly<Record<VectorFormat, Serde<unknown>>> = { string: string(), int64: int64(), json: json() };

/** What a replay gave. */
export interface Replay {
  readonly outputs: readonly VectorOutput[];
  readonly stores: Readonly<Record<string, readonly (readonly unknown[])[]>>;
  /** Per watched topic, how many records it held after each step. */
  readonly counts: ReadonlyMap<string, readonly number[]>;
  readonly driver: TopologyTestDriver;
}

/** How steps are run. */
export interface ReplayOptions {
  /** Topics whose records are counted after each step. */
  readonly watched?: readonly string[];
  /** Every so many steps the tasks are killed and built anew; every so many and one a snapshot is taken. */
  readonly restartEvery?: number | undefined;
}

/** Runs the steps of a vector file through a topology. */
export async function replay(
  vector: Pick<VectorFile, "config" | "inputs" | "outputTopics" | "steps" | "stores">,
  define: CaseTopology,
  { watched = [], restartEvery }: ReplayOptions = {},
): Promise<Replay> {
  const builder = new StreamsBuilder();
  define(builder);
  const exceptionHandlers = handlersOf(vector.config);
  const statestoreCacheMaxBytes = Number(vector.config["statestore.cache.max.bytes"] ?? 0);
  const app = {
    id: "oracle",
    topology: builder.build(buildOptions(vector)),
    exceptionHandlers,
    statestoreCacheMaxBytes,
  };
  const driver = new TopologyTestDriver(app);
  const outputs: VectorOutput[] = [];
  const counts = new Map(watched.map((topic) => [topic, [] as number[]]));
  const inputs = new Map(
    Object.entries(vector.inputs).map(([topic, formats]) => [topic, driver.createInputTopic(topic, typed(formats))]),
  );
  const sinks = Object.entries(vector.outputTopics).map(
    ([topic, formats]) => [topic, driver.createOutputTopic(topic, typed(formats))] as const,
  );
  for (const [index, step] of vector.steps.entries()) {
    if (step.op === "advanceWallClock") driver.advanceWallClockTime(step.ms);
    else {
      const input = inputs.get(step.topic);
      const options = { timestampMs: step.timestamp, headers: toBytes(step.headers ?? []) };
      if (step.rawValue === undefined) input?.pipeInput(step.key, step.value, options);
      else input?.pipeBytes(Buffer.from(step.key as string), Buffer.from(step.rawValue), options);
    }
    for (const [topic, sink] of sinks) {
      for (const { key, value, timestampMs, headers } of sink.readRecords()) {
        const record = [index, topic, key, value, timestampMs] as const;
        outputs.push(headers.length === 0 ? record : [...record, toText(headers)]);
      }
    }
    for (const [topic, afterStep] of counts) afterStep.push(driver.records(topic).length);
    if (restartEvery !== undefined) {
      // Tails of every length come up: from snapshots of this very step to those of `restartEvery` steps ago.
      if ((index + 1) % (restartEvery + 1) === 0) await driver.takeSnapshot();
      if ((index + 1) % restartEvery === 0) await driver.restart();
    }
  }
  return { outputs, stores: storesOf(vector, driver), counts, driver };
}

/** Kafka Streams' handlers by their class, as in a recorded configuration. */
function handlersOf(config: VectorFile["config"]): ExceptionHandlers {
  const handler = (phase: keyof ExceptionHandlers): ExceptionHandler => {
    const name = String(config[`${phase}.exception.handler`] ?? "LogAndFail");
    if (name.includes("LogAndContinue")) return logAndContinue();
    if (name.includes("LogAndFail")) return logAndFail();
    throw new Error(`handler ${name} is not supported yet`);
  };
  return {
    deserialization: handler("deserialization"),
    processing: handler("processing"),
    production: handler("production"),
  };
}

function typed(formats: VectorTopic): { readonly key: Serde<unknown>; readonly value: Serde<unknown> } {
  return { key: serdes[formats.key], value: serdes[formats.value] };
}

function toBytes(headers: VectorHeaders): { key: string; value: Buffer | null }[] {
  return headers.map(([key, value]) => ({ key, value: value === null ? null : Buffer.from(value) }));
}

function toText(headers: readonly { key: string; value: Uint8Array | null }[]): VectorHeaders {
  return headers.map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString()]);
}

function storesOf(vector: Pick<VectorFile, "stores">, driver: TopologyTestDriver): Replay["stores"] {
  const contents = Object.entries(vector.stores).map(([name, { type }]) => {
    switch (type) {
      case "keyValue":
        return [name, driver.keyValueRows(name).map((row) => [row.key, row.value])];
      case "timestampedKeyValue":
        return [name, driver.keyValueRows(name).map((row) => [row.key, row.value, row.timestampMs])];
      case "window":
        return [name, driver.windowRows(name).map((row) => [row.key, row.windowStartMs, row.value])];
      case "timestampedWindow":
        return [name, driver.windowRows(name).map((row) => [row.key, row.windowStartMs, row.value, row.timestampMs])];
      case "session":
        return [name, driver.sessionRows(name).map((row) => [row.key, row.startMs, row.endMs, row.value])];
      case "versioned":
        return [
          name,
          driver.versionedRows(name).map((row) => [row.key, row.value, row.timestampMs, row.validToMs ?? null]),
        ];
      case "versionedLatest":
        return [name, latest(driver, name)];
      default:
        throw new Error(`stores of type ${type} are not supported yet`);
    }
  });
  return Object.fromEntries(contents) as Replay["stores"];
}

function latest(driver: TopologyTestDriver, store: string): readonly (readonly unknown[])[] {
  const rows = driver.versionedRows(store).filter((row) => row.validToMs === undefined);
  return rows.map((row) => [row.key, row.value, row.timestampMs]);
}
