import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { Windowed } from "../../../lib/serde/windowed.ts";

/** Writes the topology of a recorded case, as CASES.md specifies it. */
export type CaseTopology = (builder: StreamsBuilder) => void;

/** `str(x)` of the cases' notation: null is the text "null". */
export function str(value: string | null): string {
  return value === null ? "null" : value;
}

/** The pieces of a text between single spaces; none for null. */
export function words(value: string | null): readonly string[] {
  return value === null ? [] : value.split(" ").filter((piece) => piece !== "");
}

/** First character of a text. */
export function initial(value: string): string {
  return value.charAt(0);
}

/** `wk(w)` of the cases' notation: `key@start/end`. */
export function wk({ key, window }: Windowed<string>): string {
  return `${key}@${window.startMs}/${window.endMs}`;
}
