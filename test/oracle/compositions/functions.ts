/** The functions of compositions, as `Composition.java` has them: total, and made of ASCII text. */
import type { Windowed } from "../../../lib/serde/windowed.ts";
import type { Mapper, Predicate, Selector } from "./language.ts";

/** Keys: text, or windowed inside of a table; null at run time, as everywhere in the DSL. */
export type Key = string | Windowed<string>;
/** Values: text or numbers; null at run time. */
export type Value = string | number;

const nothing = null as never;
/** Where windows end that never do: what JavaScript's whole numbers do not reach. */
const JAVA_END_OF_TIME = "9223372036854775807";

/** `str(x)` of a key or value; null is "null". */
export function str(value: Value): string {
  return String(value);
}

/** The text of a key; that of a windowed one is `key@start/end`. */
export function keyText(key: Key): string {
  if (typeof key !== "object" || key === null) return key;
  const { startMs, endMs } = key.window;
  return `${key.key}@${startMs}/${endMs === Number.MAX_SAFE_INTEGER ? JAVA_END_OF_TIME : endMs}`;
}

/** The last twelve characters: no value grows for ever. */
export function cut(text: string): string {
  return text.slice(-12);
}

/** The first character. */
export function first(text: string): string {
  return text.charAt(0) || "-";
}

/** Whether a record or row passes a filter. */
export function passes(predicate: Predicate, key: Key, value: Value): boolean {
  const text = str(value);
  switch (predicate) {
    case "long":
      return text.length > 3;
    case "early":
      return text < "d";
    case "earlyKey":
      return str(keyText(key)) < "C";
    case "oddLength":
      return text.length % 2 === 1;
  }
}

/** A new key. */
export function select(selector: Selector, key: Key, value: Value): string {
  const text = str(value);
  switch (selector) {
    case "initial":
      return first(text);
    case "parity":
      return text.length % 2 === 1 ? "odd" : "even";
    case "sometimesNull":
      return text.length % 4 === 0 ? nothing : first(text);
    case "value":
      return text;
    case "keyInitial": {
      const before = keyText(key);
      return before === null ? nothing : first(before);
    }
  }
}

/** A new value. */
export function mapped(mapper: Mapper, key: Key, value: Value): Value {
  const text = str(value);
  switch (mapper) {
    case "text":
      return text;
    case "upper":
      return text.toUpperCase();
    case "initial":
      return first(text);
    case "withKey":
      return cut(`${keyText(key)}=${text}`);
    case "sometimesNull":
      return text.length % 3 === 0 ? nothing : text;
    case "length":
      return text.length;
  }
}

/** One or two values of one. */
export function twice(value: Value, one: Value): readonly Value[] {
  return str(value).length % 2 === 0 ? [one, one] : [one];
}

/** Adds to a reduction: sums of numbers, lists of text. */
export function reduced(a: Value, value: Value): Value {
  return isNumber(a, value) ? Number(a) + Number(value) : cut(`${a},${value}`);
}

/** Takes from a reduction. */
export function subtracted(a: Value, value: Value): Value {
  return isNumber(a, value) ? Number(a) - Number(value) : cut(`${a};${value}`);
}

/** Adds to an aggregate; "eel" deletes it. */
export function aggregated(value: Value, aggregate: Value): Value {
  return value === "eel" ? nothing : cut(`${aggregate}${first(str(value))}`);
}

/** What a second stream adds to a shared aggregate. */
export function added(value: Value, aggregate: Value): Value {
  return cut(`${aggregate}:${first(str(value))}`);
}

/** Takes from an aggregate. */
export function taken(value: Value, aggregate: Value): Value {
  return cut(`${aggregate}-${first(str(value))}`);
}

/** Joins the aggregates of two sessions. */
export function merged(a: Value, b: Value): Value {
  return cut(`${a}|${b}`);
}

/** Joins two values. */
export function joined(a: Value | null, b: Value | null): Value {
  return cut(`${a}+${b}`);
}

function isNumber(a: Value, b: Value): boolean {
  return typeof a === "number" || typeof b === "number";
}
