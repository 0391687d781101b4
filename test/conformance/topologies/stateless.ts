import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { TimestampExtractor } from "../../../lib/topology/node.ts";
import type { CaseTopology } from "./words.ts";
import { initial, str, words } from "./words.ts";

type Text = string | null;
const text = { key: string(), value: string() };

function input(builder: StreamsBuilder, topic = "input"): KStream<Text, Text> {
  return builder.stream<Text, Text>(topic, text);
}

function payloadTime(value: unknown): number | undefined {
  return typeof value === "object" && value !== null && "ts" in value ? Number(value.ts) : undefined;
}

const fromPayload: TimestampExtractor = (record) => payloadTime(record.value) ?? record.timestampMs;

const partitionTimeOnInvalid: TimestampExtractor = (record) => {
  const ts = payloadTime(record.value) ?? -1;
  return ts < 0 && payloadTime(record.value) !== undefined ? record.partitionTimeMs : ts;
};

/** Cases with stateless operators only. */
export const stateless: Readonly<Record<string, CaseTopology>> = {
  "pass-through": (builder) => input(builder).to("output", text),
  map: (builder) =>
    input(builder)
      .map((k, v) => [`${str(k)}-m`, v === null ? null : v.toUpperCase()])
      .to("output", text),
  "map-values": (builder) =>
    input(builder)
      .mapValues((v) => (v === null ? "NULL" : `${v}:${v.length}`))
      .to("output", text),
  "map-values-with-key": (builder) =>
    input(builder)
      .mapValues((v, k) => `${str(k)}:${str(v)}`)
      .to("output", text),
  "map-values-to-null": (builder) =>
    input(builder)
      .mapValues((v) => (v === null || v.length > 3 ? null : v))
      .to("output", text),
  filter: (builder) =>
    input(builder)
      .filter((_k, v) => v !== null && v.length % 2 === 1)
      .to("output", text),
  "filter-not": (builder) =>
    input(builder)
      .filterNot((k, v) => k === "A" || v?.startsWith("a") === true)
      .to("output", text),
  "flat-map": (builder) =>
    input(builder)
      .flatMap((k, v) => words(v).map((word, index) => [word, `${str(k)}#${index}`] as const))
      .to("output", text),
  "flat-map-values": (builder) =>
    input(builder)
      .flatMapValues((v) => words(v))
      .to("output", text),
  "select-key": (builder) =>
    input(builder)
      .selectKey((_k, v) => (v === null ? null : initial(v)))
      .to("output", text),
  peek: (builder) => {
    let seen = "";
    const peeked = input(builder).peek((k, v) => {
      seen = `${str(k)}=${str(v)}`;
    });
    peeked.map(() => [null, seen] as const).to("peeked", text);
    peeked.to("output", text);
  },
  merge: (builder) => {
    const left = input(builder, "left").mapValues((v) => `L:${str(v)}`);
    const right = input(builder, "right").mapValues((v) => `R:${str(v)}`);
    left.merge(right).to("output", text);
  },
  "fan-out": (builder) => {
    const all = input(builder);
    const upper = all.mapValues((v) => (v === null ? null : v.toUpperCase()));
    const short = all.filter((_k, v) => v !== null && v.length <= 3);
    upper.to("upper", text);
    short.to("short", text);
    upper.merge(short).to("output", text);
  },
  "headers-pass-through": (builder) =>
    input(builder)
      .filter((_k, v) => v?.startsWith("c") !== true)
      .selectKey((_k, v) => initial(str(v)))
      .flatMapValues((v) => [v, `${str(v)}2`])
      .to("output", text),
  chain: (builder) =>
    input(builder)
      .filter((_k, v) => v !== null)
      .map((k, v) => [v, str(k)] as const)
      .filterNot((k) => k === "cat")
      .flatMap((k, v) =>
        v === "null"
          ? []
          : [
              [v, k],
              [v, str(k).toUpperCase()],
            ],
      )
      .mapValues((v, k) => k + str(v))
      .to("output", text),
  "payload-timestamp": (builder) =>
    builder
      .stream("input", { key: string(), value: json(), timestampExtractor: fromPayload })
      .to("output", { key: string(), value: json() }),
  "partition-time-on-invalid": (builder) =>
    builder
      .stream("input", { key: string(), value: json(), timestampExtractor: partitionTimeOnInvalid })
      .to("output", { key: string(), value: json() }),
};
