import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const { VECTORS, CASE, SEED } = process.env;

/** Where the recorded runs are: `VECTORS`, or this repository's. */
export const vectorTree = VECTORS ?? fileURLToPath(new URL("../recorded/vectors", import.meta.url));

/** How a value is written in a vector file. */
export type VectorFormat = "string" | "int64" | "json";

/** Formats of a topic. */
export interface VectorTopic {
  readonly key: VectorFormat;
  readonly value: VectorFormat;
}

/** Headers as text. */
export type VectorHeaders = readonly (readonly [name: string, value: string | null])[];

/** One input, or a move of the wall clock. */
export type VectorStep =
  | {
      readonly op: "pipe";
      readonly topic: string;
      readonly key: unknown;
      readonly value?: unknown;
      /** Value bytes as text, to provoke deserialization errors. */
      readonly rawValue?: string;
      readonly timestamp: number;
      readonly headers?: VectorHeaders;
    }
  | { readonly op: "advanceWallClock"; readonly ms: number };

/** A record that was written. */
export type VectorOutput = readonly [
  step: number,
  topic: string,
  key: unknown,
  value: unknown,
  timestamp: number,
  headers?: VectorHeaders,
];

/** Final content of a store. */
export interface VectorStore {
  readonly type: string;
  readonly entries: readonly (readonly unknown[])[];
}

/** One recorded run. */
export interface VectorFile {
  readonly case: string;
  readonly seed: number;
  readonly compare: "strict" | "perKey" | "multiset";
  /** Kafka Streams' configuration where it is not the default. */
  readonly config: Readonly<Record<string, string | number>>;
  readonly inputs: Readonly<Record<string, VectorTopic>>;
  readonly outputTopics: Readonly<Record<string, VectorTopic>>;
  readonly steps: readonly VectorStep[];
  readonly outputs: readonly VectorOutput[];
  readonly stores: Readonly<Record<string, VectorStore>>;
}

/** Which files of the tree to take. */
export interface VectorSelection {
  readonly case?: string | undefined;
  readonly seed?: string | undefined;
}

/** Case and seed of every file of the tree, in order: those of `CASE` and `SEED`. @throws {Error} when there is none */
export function listVectors(
  only: VectorSelection = { case: CASE, seed: SEED },
): readonly (readonly [name: string, seed: string])[] {
  if (!existsSync(vectorTree)) throw new Error(`no vectors: ${vectorTree} does not exist`);
  const files = readdirSync(vectorTree)
    .sort()
    .flatMap((name) =>
      readdirSync(join(vectorTree, name))
        .filter((file) => file.endsWith(".json"))
        .map((file) => [name, file.slice(0, -".json".length)] as const),
    )
    .filter(([name, seed]) => (only.case ?? name) === name && (only.seed ?? seed) === seed);
  if (files.length === 0) throw new Error(`no vectors in ${vectorTree} fit ${JSON.stringify(only)}`);
  return files;
}

/** Reads one file. */
export function readVector(tree: string, name: string, seed: string): VectorFile {
  return JSON.parse(readFileSync(join(tree, name, `${seed}.json`), "utf8")) as VectorFile;
}
