import * as z from "zod";
import { durationMs } from "../core/duration.ts";
import { StreamError } from "../core/errors.ts";

/** One setting: what it is for, its unit and default, and how a value is checked. */
export interface Setting<T> {
  /** One or two sentences: what it does, and why the default is what it is. */
  readonly about: string;
  readonly unit: SettingUnit;
  /** What is allowed, for messages and help: `"1 ms to 60000 ms"`. */
  readonly allowed: string;
  /** Undefined: the setting may be absent. */
  readonly default: T | undefined;
  /** A secret's value is never in a message, a log line or a help text. */
  readonly secret: boolean;
  /** True: there is no default and the setting must be given. */
  readonly required: boolean;
  /** Checks and converts a given value; undefined means "not allowed". */
  readonly read: (given: unknown) => T | undefined;
}

/** What the value counts. */
export type SettingUnit = "ms" | "bytes" | "records" | "count" | "ratio" | "choice" | "flag" | "text" | "list";

/** The value type of a setting. */
export type SettingValue<S> = S extends Setting<infer T> ? T : never;

interface Range {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly about: string;
}

/** Milliseconds, given as a number or as text with a unit (`"5s"`). */
export function duration(range: Range): Setting<number> {
  return number(range, "ms", (given) => {
    const text = typeof given === "string" && /^\d+$/.test(given) ? Number(given) : given;
    if (typeof text !== "number" && typeof text !== "string") return undefined;
    try {
      return durationMs(text as number, "");
    } catch (error) {
      if (error instanceof StreamError) return undefined;
      throw error;
    }
  });
}

const byteUnits: Readonly<Record<string, number>> = { "": 1, B: 1, KiB: 1 << 10, MiB: 1 << 20, GiB: 1 << 30 };

/** Bytes, given as a whole number or as text with a unit (`"8MiB"`). */
export function bytes(range: Range): Setting<number> {
  return number(range, "bytes", (given) => {
    if (typeof given === "number") return given;
    const match = typeof given === "string" ? /^(\d+)(B|KiB|MiB|GiB)?$/.exec(given) : null;
    return match === null ? undefined : Number(match[1]) * (byteUnits[match[2] ?? ""] as number);
  });
}

/** A whole number of things, or of records. */
export function count(range: Range & { readonly unit?: "records" }): Setting<number> {
  return number(range, range.unit ?? "count", wholeNumber);
}

/** A part of one. */
export function ratio(range: Range): Setting<number> {
  const base = number(range, "ratio", (given) => given);
  return {
    ...base,
    read: (given) => {
      const value = typeof given === "string" && /^\d*\.?\d+$/.test(given) ? Number(given) : given;
      return typeof value === "number" && value >= range.min && value <= range.max ? value : undefined;
    },
  };
}

/** One of a few words. */
export function choice<const T extends string>(words: readonly T[], rest: { default: T; about: string }): Setting<T> {
  return {
    ...optional(rest),
    unit: "choice",
    allowed: `one of ${words.join(", ")}`,
    default: rest.default,
    read: (given) => words.find((word) => word === given),
  };
}

/** True or false; `"true"` and `"false"` in text. */
export function flag(rest: { default: boolean; about: string }): Setting<boolean> {
  return {
    ...optional(rest),
    unit: "flag",
    allowed: "true or false",
    default: rest.default,
    read: (given) =>
      typeof given === "boolean" ? given : given === "true" ? true : given === "false" ? false : undefined,
  };
}

interface TextRule {
  readonly about: string;
  readonly allowed: string;
  readonly pattern: RegExp;
  readonly required?: boolean;
  readonly secret?: boolean;
  readonly default?: string;
}

/** Text of a shape; absent when it has no default. */
export function text(rule: TextRule & ({ readonly required: true } | { readonly default: string })): Setting<string>;
export function text(rule: TextRule): Setting<string | undefined>;
export function text(rule: TextRule): Setting<string | undefined> {
  return {
    about: rule.about,
    unit: "text",
    allowed: rule.allowed,
    default: rule.default,
    secret: rule.secret ?? false,
    required: rule.required ?? false,
    read: (given) => (typeof given === "string" && rule.pattern.test(given) ? given : undefined),
  };
}

/** At least one text of a shape; separated by commas in text. */
export function list(rule: Omit<TextRule, "default" | "secret" | "required">): Setting<readonly string[]> {
  return {
    about: rule.about,
    unit: "list",
    allowed: rule.allowed,
    default: undefined,
    secret: false,
    required: true,
    read: (given) => {
      const parts = typeof given === "string" ? given.split(",").map((part) => part.trim()) : given;
      if (!Array.isArray(parts) || parts.length === 0) return undefined;
      const fits = (part: unknown): part is string => typeof part === "string" && rule.pattern.test(part);
      return parts.every(fits) ? Object.freeze([...parts]) : undefined;
    },
  };
}

/** The schema of one setting: absent takes the default, anything else is read or refused with what is allowed. */
export function schemaOf(setting: Setting<unknown>): z.ZodType {
  const given = z.unknown().transform((value, context) => {
    const read = setting.read(value);
    if (read !== undefined) return read;
    context.addIssue({ code: "custom", message: `must be ${setting.allowed}` });
    return z.NEVER;
  });
  if (setting.required) return given;
  return setting.default === undefined ? given.optional() : given.default(setting.default);
}

function number(range: Range, unit: SettingUnit, convert: (given: unknown) => unknown): Setting<number> {
  const name = unit === "ratio" || unit === "count" ? "" : ` ${unit}`;
  return {
    ...optional(range),
    unit,
    allowed: `${range.min} to ${range.max}${name}`,
    default: range.default,
    read: (given) => {
      const value = convert(given);
      return Number.isSafeInteger(value) && (value as number) >= range.min && (value as number) <= range.max
        ? (value as number)
        : undefined;
    },
  };
}

function optional({ about }: { about: string }) {
  return { about, secret: false, required: false } as const;
}

function wholeNumber(given: unknown): unknown {
  return typeof given === "string" && /^-?\d+$/.test(given) ? Number(given) : given;
}
