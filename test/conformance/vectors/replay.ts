import { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { TopologyTestDriver } from "../../../lib/testing/topology-test-driver.ts";
import type { CaseTopology } from "../topologies/words.ts";
import type { VectorFile, VectorFormat, VectorHeaders, VectorOutput, VectorTopic } from "./vector-file.ts";

const serdes: Readonly<Record<VectorFormat, Serde<unknown>>> = { string: string(), int64: int64(), json: json() };

/** What a replay gave. */
export interface Replay {
  readonly outputs: readonly VectorOutput[];
  readonly stores: Readonly<Record<string, readonly (readonly unknown[])[]>>;
  readonly driver: TopologyTestDriver;
}

/** Runs the steps of a vector file through a topology. */
export function replay(
  vector: Pick<VectorFile, "inputs" | "outputTopics" | "steps" | "stores">,
  define: CaseTopology,
): Replay {
  const builder = new StreamsBuilder();
  define(builder);
  const driver = new TopologyTestDriver({ id: "oracle", topology: builder.build() });
  const outputs: VectorOutput[] = [];
  const inputs = new Map(
    Object.entries(vector.inputs).map(([topic, formats]) => [topic, driver.createInputTopic(topic, typed(formats))]),
  );
  const sinks = Object.entries(vector.outputTopics).map(
    ([topic, formats]) => [topic, driver.createOutputTopic(topic, typed(formats))] as const,
  );
  vector.steps.forEach((step, index) => {
    if (step.op !== "pipe") throw new Error(`step ${step.op} is not supported yet`);
    const input = inputs.get(step.topic);
    const options = { timestampMs: step.timestamp, headers: toBytes(step.headers ?? []) };
    if (step.rawValue === undefined) input?.pipeInput(step.key, step.value, options);
    else throw new Error("steps with a rawValue are not supported yet");
    for (const [topic, sink] of sinks) {
      for (const { key, value, timestampMs, headers } of sink.readRecords()) {
        const record = [index, topic, key, value, timestampMs] as const;
        outputs.push(headers.length === 0 ? record : [...record, toText(headers)]);
      }
    }
  });
  return { outputs, stores: storesOf(vector, driver), driver };
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
      case "timestampedKeyValue":
        return [name, driver.keyValueRows(name).map((row) => [row.key, row.value, row.timestampMs])];
      case "timestampedWindow":
        return [name, driver.windowRows(name).map((row) => [row.key, row.windowStartMs, row.value, row.timestampMs])];
      default:
        throw new Error(`stores of type ${type} are not supported yet`);
    }
  });
  return Object.fromEntries(contents) as Replay["stores"];
}
