import { parseArgs } from "node:util";
import { nearestName } from "../config/nearest-name.ts";
import { StreamError } from "../core/errors.ts";

/** One option of a command. `summary` is its line in the help text. */
export type OptionSpec =
  | { readonly kind: "flag"; readonly summary: string }
  | { readonly kind: "text"; readonly summary: string; readonly placeholder: string; readonly byDefault?: string }
  | {
      readonly kind: "number";
      readonly summary: string;
      readonly placeholder: string;
      readonly min: number;
      readonly max: number;
      readonly whole?: boolean;
      readonly byDefault?: number;
    }
  | {
      readonly kind: "choice";
      readonly summary: string;
      readonly choices: readonly string[];
      readonly byDefault?: string;
    };

/** A word of a command that stands without dashes. */
export interface WordSpec {
  /** How the help text writes it: `APP.ts`. */
  readonly placeholder: string;
  readonly summary: string;
  readonly optional?: true;
}

/** Options of a command by name, without dashes. */
export type Options = Readonly<Record<string, OptionSpec>>;

/** Words of a command by name. */
export type Words = Readonly<Record<string, WordSpec>>;

/** A command: what it does, its words and options, and examples that a person can paste. */
export interface CommandSpec<O extends Options = Options, W extends Words = Words> {
  /** How it is called, for example `npm start --`. */
  readonly call: string;
  readonly summary: string;
  /** Words in their order; optional ones last. None without it. */
  readonly words?: W;
  readonly options: O;
  readonly examples: readonly { readonly line: string; readonly what: string }[];
  /** Said at the end of the help text. */
  readonly notes?: readonly string[];
}

type ValueOf<Spec extends OptionSpec> = Spec extends { kind: "flag" }
  ? boolean
  : Spec extends { kind: "number" }
    ? number | (Spec extends { byDefault: number } ? never : undefined)
    : Spec extends { kind: "choice"; choices: readonly (infer Choice)[] }
      ? Choice | (Spec extends { byDefault: string } ? never : undefined)
      : string | (Spec extends { byDefault: string } ? never : undefined);

/** Values of a command's options and words, by name. */
export type ArgumentValues<O extends Options, W extends Words> = {
  readonly [Name in keyof O]: ValueOf<O[Name]>;
} & { readonly [Name in keyof W]: string | (W[Name] extends { optional: true } ? undefined : never) };

/** What was asked for: help, or a run with these values. */
export type ParsedArguments<O extends Options, W extends Words> =
  | { readonly kind: "help" }
  | { readonly kind: "run"; readonly values: ArgumentValues<O, W> };

/**
 * Reads the arguments of a command. `--name value` and `--name=value` are the same; `--help` and `-h` ask for help.
 *
 * @throws {StreamError} `CONFIG_INVALID` naming the argument, what it takes, and the nearest option for a misspelt one
 * @example
 * const spec = { call: "app", summary: "", examples: [], options: { port: { kind: "number", summary: "", placeholder: "N", min: 0, max: 65_535, byDefault: 80 } } } as const;
 * parseArguments(spec, ["--port", "8080"]); // { kind: "run", values: { port: 8080 } }
 */
export function parseArguments<const O extends Options, const W extends Words = Readonly<Record<never, never>>>(
  spec: CommandSpec<O, W>,
  argv: readonly string[],
): ParsedArguments<O, W> {
  if (argv.includes("--help") || argv.includes("-h")) return { kind: "help" };
  const values: Record<string, string | number | boolean | undefined> = {};
  for (const [name, option] of Object.entries(spec.options)) {
    values[name] = option.kind === "flag" ? false : option.byDefault;
  }
  const given = new Set<string>();
  const words = Object.entries(spec.words ?? {});
  // Not strict: its errors name neither what an option takes nor the option that was meant.
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: kinds(spec),
  });
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      const word = words.shift();
      if (word === undefined) throw surplus(token.value, spec);
      values[word[0]] = token.value;
      continue;
    }
    const option = Object.hasOwn(spec.options, token.name) ? spec.options[token.name] : undefined;
    if (option === undefined || token.rawName !== `--${token.name}`) throw unknown(token.rawName, spec);
    if (given.has(token.name)) throw wrong(`--${token.name} is given twice`, spec);
    given.add(token.name);
    values[token.name] = readValue({ name: token.name, option, text: token.value, spec });
  }
  const missing = words.find(([, word]) => word.optional !== true);
  if (missing !== undefined) throw wrong(`${missing[1].placeholder} is missing: ${missing[1].summary}`, spec);
  return { kind: "run", values: values as ArgumentValues<O, W> };
}

function kinds(spec: CommandSpec): Record<string, { type: "string" | "boolean" }> {
  return Object.fromEntries(
    Object.entries(spec.options).map(([name, { kind }]) => [name, { type: kind === "flag" ? "boolean" : "string" }]),
  );
}

function readValue(given: {
  name: string;
  option: OptionSpec;
  text: string | undefined;
  spec: CommandSpec;
}): string | number | boolean {
  const { name, option, text, spec } = given;
  if (option.kind === "flag") {
    if (text !== undefined) throw wrong(`--${name} takes no value`, spec);
    return true;
  }
  if (text === undefined || text === "" || text.startsWith("--")) {
    throw wrong(`--${name} needs a value: ${takes(option)}`, spec);
  }
  if (option.kind === "text") return text;
  if (option.kind === "choice") {
    if (option.choices.includes(text)) return text;
    throw wrong(`--${name} takes ${takes(option)}, not "${text}"`, spec);
  }
  const value = Number(text);
  const fits = value >= option.min && value <= option.max && (option.whole !== true || Number.isInteger(value));
  if (text.trim() === "" || !fits) throw wrong(`--${name} takes ${takes(option)}, not "${text}"`, spec);
  return value;
}

/** What an option takes, in words. */
function takes(option: Exclude<OptionSpec, { kind: "flag" }>): string {
  if (option.kind === "text") return option.placeholder;
  if (option.kind === "choice") return option.choices.join(" or ");
  return `a ${option.whole === true ? "whole " : ""}number from ${option.min} to ${option.max}`;
}

function surplus(word: string, spec: CommandSpec): StreamError {
  return wrong(`"${word}" is ${spec.words === undefined ? "not an option" : "one word too many"}`, spec);
}

function unknown(rawName: string, spec: CommandSpec): StreamError {
  const near = nearestName(rawName.replace(/^-+/, ""), [...Object.keys(spec.options), "help"]);
  const hint = near === undefined ? "" : `; did you mean --${near}?`;
  return wrong(`there is no option ${rawName}${hint}`, spec);
}

function wrong(what: string, spec: CommandSpec): StreamError {
  return new StreamError("CONFIG_INVALID", `${what} (${spec.call} --help lists the options)`);
}

/** The help text of a command. */
export function helpText(spec: CommandSpec): string {
  const words = Object.values(spec.words ?? {});
  const options = Object.entries(spec.options).map(
    ([name, option]) => [usage(name, option), summaryOf(option)] as const,
  );
  const shown = words.map((word) => ` ${word.optional === true ? `[${word.placeholder}]` : word.placeholder}`);
  const lines = [spec.summary, "", `Usage: ${spec.call}${shown.join("")} [options]`, ""];
  if (words.length > 0) lines.push(...columns(words.map(({ placeholder, summary }) => [placeholder, summary])), "");
  lines.push("Options", ...columns([...options, ["--help", "Show this text."]]));
  if (spec.examples.length > 0) lines.push("", "Examples");
  for (const { line, what } of spec.examples) lines.push(`  ${line}`, `      ${what}`);
  if (spec.notes !== undefined) lines.push("", ...spec.notes);
  return `${lines.join("\n")}\n`;
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

function usage(name: string, option: OptionSpec): string {
  if (option.kind === "flag") return `--${name}`;
  return `--${name} ${option.kind === "choice" ? option.choices.join("|") : option.placeholder}`;
}

function summaryOf(option: OptionSpec): string {
  return option.kind === "flag" || option.byDefault === undefined
    ? option.summary
    : `${option.summary} Default: ${option.byDefault}.`;
}
