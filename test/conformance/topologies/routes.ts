import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import type { FixedKeyProcessorContext, ProcessorContext } from "../../../lib/operators/processing-context.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { initial, str } from "./words.ts";

type Text = string | null;
const text = { key: string(), value: string() };

function input(builder: StreamsBuilder, topics: string | readonly string[] = "input"): KStream<Text, Text> {
  return builder.stream<Text, Text>(topics, text);
}

/** Cases of branches, repartition topics, chosen topics, headers and processors without stores. */
export const routes: Readonly<Record<string, CaseTopology>> = {
  "branch-split": (builder) => {
    const all = input(builder);
    all
      .split()
      .branch((_k, v) => v?.startsWith("a") === true, { withConsumer: (branch) => branch.to("out-a", text) })
      .branch((_k, v) => v !== null && v.length > 3, { withConsumer: (branch) => branch.to("out-long", text) })
      .defaultBranch({ withConsumer: (branch) => branch.to("out-rest", text) });
    all.to("output", text);
  },
  "branch-no-default": (builder) => {
    input(builder)
      .split()
      .branch((_k, v) => v?.startsWith("a") === true, { withConsumer: (branch) => branch.to("output", text) })
      .branch((_k, v) => v !== null && /^[ab]/.test(v), { withConsumer: (branch) => branch.to("out-b", text) })
      .noDefaultBranch();
  },
  "process-headers": (builder) =>
    input(builder)
      .process((context: ProcessorContext<Text, Text>) => ({
        process: (record) =>
          context.forward(record.withHeaders(record.headers.remove("drop").add("seen", str(record.key)))),
      }))
      .mapValues((v) => `${str(v)}!`)
      .to("output", text),
  "process-values": (builder) =>
    input(builder)
      .processValues((context: FixedKeyProcessorContext<Text, Text>) => ({
        process: (record) => {
          if (record.value === "fig") return;
          context.forward(record.withValue(`${str(record.value)}/1`));
          context.forward(record.withValue(`${str(record.value)}/2`).withTimestamp(record.timestampMs + 1000));
        },
      }))
      .to("output", text),
  repartition: (builder) =>
    input(builder)
      .selectKey((_k, v) => (v === null ? null : initial(v)))
      .repartition({ ...text, name: "by-letter", numberOfPartitions: 1 })
      .mapValues((v, k) => `${str(k)}/${str(v)}`)
      .to("output", text),
  "repartition-headers": (builder) =>
    input(builder)
      .selectKey((_k, v) => v)
      .repartition({ ...text, name: "by-value", numberOfPartitions: 1 })
      .to("output", text),
  "dynamic-topic": (builder) =>
    input(builder).to((_k, v) => (v?.startsWith("a") ? "topic-a" : v?.startsWith("b") ? "topic-b" : "output"), {
      ...text,
      topics: ["output", "topic-a", "topic-b"],
    }),
  "multi-topic-source": (builder) =>
    input(builder, ["in-1", "in-2", "in-3"])
      .process(
        (context: ProcessorContext<Text, Text>) => ({
          process: (record) =>
            context.forward(record.withValue(`${context.recordMetadata()?.topic}:${str(record.value)}`)),
        }),
        { name: "tag" },
      )
      .to("output", text),
};
