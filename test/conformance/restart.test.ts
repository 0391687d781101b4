/**
 * Restart invariance (I11): a recorded run is the same when its tasks are killed and built anew from snapshot, changelog tail and
 * position after every k-th step. A restart loads stores whole and nothing else: with k = 1 every record is processed on
 * state that has just been read. With `CI=true` every file runs with every k, else the three files of a case share them.
 * `VECTORS`, `CASE` and `SEED` choose as for the plain replay.
 */
import { test } from "vitest";
import { expectConforms } from "./vectors/expect-conforms.ts";
import { listVectors } from "./vectors/vector-file.ts";

const everyK = [1, 3, 7];

const runs = listVectors().flatMap(([name, seed], place) => {
  const ks = process.env["CI"] ? everyK : everyK.slice(place % 3, (place % 3) + 1);
  return ks.map((restartEvery) => [name, seed, restartEvery] as const);
});

test.for(runs)("%s with seed %s does what Kafka Streams did, restarted every %i steps", ([name, seed, restartEvery]) =>
  expectConforms(name, seed, { restartEvery }),
);
