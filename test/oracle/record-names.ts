import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Oracle } from "./oracle.ts";

const golden = fileURLToPath(new URL("../golden/describe/", import.meta.url));

/** Records what Kafka Streams prints and creates for cases, beside what is recorded for others. */
export async function recordNames(oracle: Pick<Oracle, "ask">, cases: readonly string[]): Promise<void> {
  const path = `${golden}names.json`;
  const names = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  for (const name of cases) {
    const { text } = await oracle.ask({ ask: "wire", case: name });
    const { describe, subtopologies, copartitionGroups, internalTopics } = JSON.parse(text) as Record<string, unknown>;
    writeFileSync(`${golden}${name}.txt`, describe as string);
    names[name] = { subtopologies, copartitionGroups, internalTopics };
  }
  const lines = Object.keys(names)
    .sort()
    .map((name) => `${JSON.stringify(name)}: ${JSON.stringify(names[name])}`);
  writeFileSync(path, `{\n${lines.join(",\n")}\n}\n`);
}
