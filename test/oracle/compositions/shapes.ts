/** What the generator knows of the nodes that it has made. */
import type { Windows } from "./language.ts";

/** What is known of a node beside its operation. */
export interface Shape {
  readonly kind: "stream" | "table" | "global" | "none";
  readonly value: "string" | "int64";
  readonly windowed: boolean;
  /** A stream whose key was changed: what needs partitions sends it through a topic first. */
  readonly rekeyed: boolean;
  /** The node directly below the one that changed the key, if this is another. */
  readonly way: number | undefined;
  /** The serdes of a table are known. */
  readonly known: boolean;
  /** Windows of a table that can be suppressed until they close. */
  readonly closes: boolean;
  /** How far back a table knows its history, in ms; undefined: not at all. */
  readonly history?: number | undefined;
  /** Topics that records come from directly, and the input topics behind each internal one. */
  readonly origins: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Of a stream of text. */
export const plain = {
  value: "string",
  windowed: false,
  rekeyed: false,
  way: undefined,
  known: false,
  closes: false,
} as const;

/** What an aggregation gives. */
export function tableOf(windows: Windows | null) {
  return {
    kind: "table",
    history: undefined,
    windowed: windows !== null,
    known: true,
    closes: windows !== null && windows.kind !== "unlimited" && !windows.final,
  } as const;
}

/** The type of an aggregation's store. */
export function storeType(windows: Windows | null): string {
  if (windows === null) return "timestampedKeyValue";
  return windows.kind === "session" ? "session" : "timestampedWindow";
}

/** The internal topics that records come from. */
export function internal({ origins }: Pick<Shape, "origins">): readonly (readonly [string, ReadonlySet<string>])[] {
  return [...origins].filter(([topic]) => topic.startsWith("#"));
}

/** Where the records of two nodes come from. */
export function both(a: Pick<Shape, "origins">, b: Pick<Shape, "origins">): Shape["origins"] {
  return new Map([...a.origins, ...b.origins]);
}
