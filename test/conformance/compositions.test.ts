/**
 * Replays random topologies that Kafka Streams has run: every one that once differed, and some that never did. `npm run differential`
 * makes new ones.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { interpret } from "../oracle/compositions/interpret.ts";
import type { Composition } from "../oracle/compositions/language.ts";
import { differenceInDescription, differenceTo } from "../oracle/difference.ts";
import type { VectorFile } from "./vectors/vector-file.ts";

const folder = fileURLToPath(new URL("recorded/compositions/", import.meta.url));

test.for(readdirSync(folder))("composition %s does what Kafka Streams did, with restarts too", async (file) => {
  const kept = JSON.parse(readFileSync(folder + file, "utf8")) as VectorFile &
    Pick<Composition, "nodes"> & { describe: string };
  const define = interpret.bind(undefined, kept);
  expect(differenceInDescription(kept, define, kept.describe)).toBeUndefined();
  expect(await differenceTo(kept, define)).toBeUndefined();
  expect(await differenceTo(kept, define, { restartEvery: 1 + (kept.seed % 3) })).toBeUndefined();
});
