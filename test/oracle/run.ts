/** Runs cases and compositions through Kafka Streams and Millrace, and says where they differ. */
import { caseTopologies } from "../conformance/topologies/index.ts";
import type { VectorFile } from "../conformance/vectors/vector-file.ts";
import { generateComposition } from "./compositions/generate.ts";
import { interpret } from "./compositions/interpret.ts";
import type { Composition } from "./compositions/language.ts";
import { type Difference, differenceInDescription, differenceTo } from "./difference.ts";
import { type Answer, type Oracle, OracleFailure } from "./oracle.ts";

/** What was compared. */
export interface Compared {
  readonly kind: "case" | "composition";
  readonly case: string;
  readonly seed: number;
  readonly difference: Difference | undefined;
  /** The file to keep; undefined where Kafka Streams failed. */
  readonly file: string | undefined;
}

/** What to compare. */
export interface Wanted {
  readonly firstSeed: number;
  /** Names of cases. */
  readonly cases: readonly string[];
  /** Seeds of each case. */
  readonly seeds: number;
  readonly compositions: number;
}

/** Compares case after case, then composition after composition; Kafka Streams is one ahead. */
export async function* compareAll(oracle: Oracle, wanted: Wanted): AsyncGenerator<Compared> {
  const seeds = Array.from({ length: wanted.seeds }, (_, place) => wanted.firstSeed + place);
  const pairs = wanted.cases.flatMap((name) => seeds.map((seed) => ({ name, seed })));
  yield* ahead(
    pairs,
    ({ name, seed }) => oracle.ask({ ask: "vector", case: name, seed }),
    ({ name, seed }, answer) => compareCase(name, seed, answer),
  );
  const places = Array.from({ length: wanted.compositions }, (_, place) =>
    generateComposition(wanted.firstSeed + place),
  );
  yield* ahead(
    places,
    (composition) => oracle.ask({ ask: "composition", composition }),
    (composition, answer) => compareComposition(composition, answer),
  );
}

/** Compares a composition with what Kafka Streams answers. */
export async function compareComposition(composition: Composition, asked: Promise<Answer>): Promise<Compared> {
  const { case: name, seed, nodes } = composition;
  const compared = { kind: "composition", case: name, seed } as const;
  const define = interpret.bind(undefined, composition);
  const answer = await settled(asked);
  if (answer instanceof OracleFailure) return { ...compared, difference: refused(answer), file: undefined };
  const { text, describe = "" } = answer;
  const vector = JSON.parse(text) as VectorFile;
  const difference =
    differenceInDescription(vector, define, describe) ??
    (await differenceTo(vector, define)) ??
    (await differenceTo(vector, define, { restartEvery: [1, 3, 7][seed % 3] }));
  return { ...compared, difference, file: composedFile(text, { describe, nodes }) };
}

async function compareCase(name: string, seed: number, asked: Promise<Answer>): Promise<Compared> {
  const compared = { kind: "case", case: name, seed } as const;
  const define = caseTopologies.get(name);
  if (define === undefined) throw new Error(`there is no case ${name}`);
  const answer = await settled(asked);
  if (answer instanceof OracleFailure) return { ...compared, difference: refused(answer), file: undefined };
  const difference = await differenceTo(JSON.parse(answer.text) as VectorFile, define);
  return { ...compared, difference, file: answer.text };
}

function settled(asked: Promise<Answer>): Promise<Answer | OracleFailure> {
  return asked.catch((error: unknown) => {
    if (error instanceof OracleFailure) return error;
    throw error;
  });
}

function refused({ message }: OracleFailure): Difference {
  return { where: "an error of Kafka Streams", expected: message, actual: "not run" };
}

/** A vector file with the topology in it, one node a line. */
function composedFile(text: string, { describe, nodes }: { describe: string } & Pick<Composition, "nodes">): string {
  const lines = nodes.map((node) => JSON.stringify(node)).join(",\n");
  return text.replace('"config":', `"describe":${JSON.stringify(describe)},\n"nodes":[\n${lines}],\n"config":`);
}

async function* ahead<T>(
  items: readonly T[],
  ask: (item: T) => Promise<Answer>,
  compare: (item: T, asked: Promise<Answer>) => Promise<Compared>,
): AsyncGenerator<Compared> {
  let asked: Promise<Answer> | undefined;
  for (const [place, item] of items.entries()) {
    const now = asked ?? ask(item);
    const next = items[place + 1];
    asked = next === undefined ? undefined : ask(next);
    asked?.catch(() => {}); // its turn reports it
    yield await compare(item, now);
  }
}
