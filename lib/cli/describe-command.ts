import type { App } from "../dsl/app.ts";
import { describe } from "../topology/describe.ts";
import { topicsOf } from "../topology/routing.ts";
import { physicalTopic, restoredFrom, subTopologies } from "../topology/sub-topologies.ts";
import { command } from "./command.ts";
import { exitCodes } from "./failure.ts";
import { loadApp } from "./load-app.ts";

const spec = {
  call: "millrace describe",
  summary: "Prints the topology of an application as Kafka Streams does. Connects to nothing.",
  words: { app: { placeholder: "APP.ts", summary: "File that exports the application." } },
  options: { json: { kind: "flag", summary: "JSON, with store types, internal topics and their full names." } },
  examples: [
    { line: "millrace describe src/app.ts", what: "The text that topology viewers for Kafka Streams read." },
    { line: "millrace describe src/app.ts --json", what: "The same for programs." },
  ],
} as const;

/** `millrace describe`. */
export const describeCommand = command(spec, async ({ app: path, json }, { terminal }) => {
  const app = await loadApp(path);
  terminal.write(json ? `${JSON.stringify(topologyFacts(app), null, 2)}\n` : describe(app.topology));
  return exitCodes.done;
});

/** What `describe` prints, as data. */
function topologyFacts({ id, topology }: App) {
  const subs = subTopologies(topology, id).map(({ number, nodes, stores, sourceTopics }) => ({
    number,
    sourceTopics,
    stores: stores.map(({ name, type, keySerde, valueSerde, ...rest }) => ({
      name,
      type,
      key: keySerde.id,
      value: valueSerde.id,
      changelog: restoredFrom({ name, ...rest }, id) ?? null,
    })),
    nodes: nodes.map((node) => ({
      kind: node.kind,
      name: node.name,
      parents: node.kind === "source" ? [] : node.parents,
      topics: topicsOf(node).map((topic) => physicalTopic(topic, id)),
      stores: node.kind === "processor" ? node.stores : [],
    })),
  }));
  return { id, subTopologies: subs };
}
