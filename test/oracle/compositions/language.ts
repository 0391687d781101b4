/**
 * The language of compositions: topologies as JSON. `interpret.ts` builds them with our DSL, `Composition.java` with Kafka
 * Streams'. Keys are text, or windowed inside of a table; values are text or numbers (int64), and any of them may be null.
 *
 * A node names its inputs by their place in the list. Every function is total: it looks at `str(x)`, the text of a value, where
 * null is "null", and results are cut to their last twelve characters.
 */
import type { VectorFormat, VectorStep, VectorTopic } from "../../conformance/vectors/vector-file.ts";

/** Which records and rows pass, by key and `str(value)`. */
export const predicates = ["long", "early", "earlyKey", "oddLength"] as const;
/** New keys; some are null. */
export const selectors = ["initial", "parity", "sometimesNull", "value", "keyInitial"] as const;
/** New values: text, except `length`, which is a number. */
export const mappers = ["text", "upper", "initial", "withKey", "sometimesNull", "length"] as const;

export type Predicate = (typeof predicates)[number];
export type Selector = (typeof selectors)[number];
export type Mapper = (typeof mappers)[number];
export type JoinKind = "inner" | "left" | "outer";
export type Fold = "count" | "reduce" | "aggregate";

/** Windows of an aggregation, in ms. `final`: emitted on close, kept for an hour. */
export type Windows =
  | {
      readonly kind: "time";
      readonly size: number;
      readonly advance: number;
      readonly grace: number;
      readonly final: boolean;
    }
  | { readonly kind: "sliding"; readonly difference: number; readonly grace: number; readonly final: boolean }
  | { readonly kind: "session"; readonly gap: number; readonly grace: number; readonly final: boolean }
  | { readonly kind: "unlimited"; readonly start: number; readonly final: false };

interface Unary {
  readonly of: number;
}
interface Binary extends Unary {
  readonly with: number;
}
/** The name of the store, null for none. */
interface Stored {
  readonly store: string | null;
}

/** What a node does. */
export type Operation =
  | { readonly op: "stream"; readonly topic: string }
  | ({ readonly op: "globalTable"; readonly topic: string } & Stored)
  /** `history`: how long versions are kept, in ms. */
  | ({ readonly op: "table"; readonly topic: string; readonly history?: number } & Stored)
  | ({ readonly op: "filter" | "filterNot"; readonly predicate: Predicate } & Unary)
  | ({ readonly op: "branch"; readonly predicate: Predicate; readonly name: string; readonly take: "a" | "b" } & Unary)
  | ({ readonly op: "mapValues" | "flatMapValues"; readonly mapper: Mapper } & Unary)
  | ({ readonly op: "selectKey"; readonly selector: Selector } & Unary)
  | ({ readonly op: "map" | "flatMap"; readonly selector: Selector; readonly mapper: Mapper } & Unary)
  | ({ readonly op: "repartition" | "peek" } & Unary)
  | ({ readonly op: "merge" } & Binary)
  /** `every`: the interval of a punctuator by stream time, in ms, which tells all counts. */
  | ({ readonly op: "process"; readonly name: string; readonly every?: number } & Unary)
  | ({ readonly op: "toTable" } & Unary & Stored)
  | ({
      readonly op: "fold";
      readonly fold: Fold;
      readonly by: Selector | null;
      readonly windows: Windows | null;
    } & Unary &
      Stored)
  | ({ readonly op: "cogroup"; readonly windows: Windows | null } & Binary & Stored)
  | ({
      readonly op: "joinStream";
      readonly kind: JoinKind;
      readonly before: number;
      readonly after: number;
      readonly grace: number;
    } & Binary)
  /** `grace`: how long records wait for rows, in ms. */
  | ({ readonly op: "joinTable"; readonly kind: "inner" | "left"; readonly grace?: number } & Binary)
  | ({ readonly op: "joinGlobal"; readonly kind: "inner" | "left"; readonly selector: Selector } & Binary)
  | ({ readonly op: "filterTable" | "filterNotTable"; readonly predicate: Predicate } & Unary & Stored)
  | ({ readonly op: "mapTable" | "transformTable"; readonly mapper: Mapper } & Unary & Stored)
  | ({ readonly op: "groupTable"; readonly fold: Fold; readonly selector: Selector; readonly mapper: Mapper } & Unary &
      Stored)
  | ({ readonly op: "joinTables"; readonly kind: JoinKind } & Binary & Stored)
  | ({ readonly op: "joinForeign"; readonly kind: "inner" | "left"; readonly selector: Selector } & Binary & Stored)
  | ({
      readonly op: "suppress";
      readonly until: "close" | "limit";
      readonly ms: number;
      readonly maxRecords: number | null;
    } & Unary)
  | ({ readonly op: "toStream" } & Unary)
  | ({ readonly op: "to"; readonly topic: string } & Unary);

/** A node: what it does, and what its records or rows are. Numbers of a `to` are not used. */
export type CompositionNode = Operation & {
  readonly value: Exclude<VectorFormat, "json">;
  /** The keys are windowed: `{ key, window }`. */
  readonly windowed: boolean;
};

/** A topology with the inputs to run it on. */
export interface Composition {
  /** `composition-<seed>` */
  readonly case: string;
  readonly seed: number;
  readonly config: Readonly<Record<string, string | number>>;
  readonly inputs: Readonly<Record<string, VectorTopic>>;
  readonly outputTopics: Readonly<Record<string, VectorTopic>>;
  /** Types of the named stores, by name. */
  readonly stores: Readonly<Record<string, string>>;
  readonly nodes: readonly CompositionNode[];
  readonly steps: readonly VectorStep[];
}
