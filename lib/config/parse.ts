import * as z from "zod";
import { StreamError } from "../core/errors.ts";
import { nearestName } from "./nearest-name.ts";
import { type Setting, type SettingValue, schemaOf } from "./setting.ts";

/** Settings of one group by name. */
export type Group = Readonly<Record<string, Setting<unknown>>>;

/** Groups by name. */
export type Groups = Readonly<Record<string, Group>>;

/** The values of a group. */
export type GroupValues<G> = { readonly [N in keyof G]: SettingValue<G[N]> };

/** The values of groups. */
export type GroupsValues<G> = { readonly [N in keyof G]: GroupValues<G[N]> };

/**
 * Checks an object of groups against their settings.
 *
 * @param relations Says what does not fit together; asked only when every value is right in itself.
 * @throws {StreamError} `CONFIG_INVALID` with one line per problem; `details.problems` has them one by one
 */
export function parseGroups<G extends Groups, V extends GroupsValues<G> = GroupsValues<G>>(
  groups: G,
  input: unknown,
  relations: (values: V) => readonly string[] = () => [],
): V {
  const parsed = groupsSchema(groups).safeParse(input);
  if (!parsed.success) throw invalid(parsed.error.issues.flatMap((issue) => problemsOf(issue, groups, input)));
  const values = parsed.data as V;
  const problems = relations(values);
  if (problems.length > 0) throw invalid(problems);
  for (const group of Object.values(values)) Object.freeze(group);
  return Object.freeze(values);
}

/** The one error that configuration ends in: what is wrong, line by line. */
export function invalid(problems: readonly string[]): StreamError {
  return new StreamError("CONFIG_INVALID", problems.join("\n"), { details: { problems } });
}

/** A setting's value as it may be shown. */
export function shown(value: unknown, secret: boolean): string {
  if (secret) return "(secret)";
  const text = value === undefined ? "missing" : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function groupsSchema(groups: Groups): z.ZodType {
  const shapes = Object.entries(groups).map(([name, group]) => {
    const shape = Object.entries(group).map(([setting, rule]) => [setting, schemaOf(rule)] as const);
    return [name, z.strictObject(Object.fromEntries(shape)).prefault({})] as const;
  });
  return z.strictObject(Object.fromEntries(shapes));
}

function problemsOf(issue: z.core.$ZodIssue, groups: Groups, input: unknown): readonly string[] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownName([...issue.path, key], groups));
  const path = issue.path.join(".");
  const setting = settingAt(groups, issue.path);
  const value = shown(valueAt(input, issue.path), setting?.secret ?? false);
  if (setting !== undefined) return [`${path} is ${value}: must be ${setting.allowed}`];
  return [`${path === "" ? "settings" : path} is ${value}: must be an object of settings`];
}

function unknownName(path: readonly PropertyKey[], groups: Groups): string {
  const written = path.join(".");
  const siblings = path.length === 1 ? Object.keys(groups) : Object.keys(groups[String(path[0])] ?? {});
  const prefix = path.slice(0, -1).join(".");
  const sibling = nearestName(String(path.at(-1)), siblings);
  if (sibling !== undefined)
    return `${written} is unknown: did you mean ${prefix === "" ? "" : `${prefix}.`}${sibling}?`;
  const anywhere =
    nearestName(written, allNames(groups)) ?? allNames(groups).find((name) => name.endsWith(`.${written}`));
  if (anywhere !== undefined) return `${written} is unknown: did you mean ${anywhere}?`;
  return `${written} is unknown: ${prefix === "" ? "groups" : `settings of ${prefix}`} are ${siblings.join(", ")}`;
}

/** Every setting as `group.name`. */
export function allNames(groups: Groups): readonly string[] {
  return Object.entries(groups).flatMap(([group, settings]) => Object.keys(settings).map((name) => `${group}.${name}`));
}

function settingAt(groups: Groups, path: readonly PropertyKey[]): Setting<unknown> | undefined {
  return path.length === 2 ? groups[String(path[0])]?.[String(path[1])] : undefined;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path)
    value = typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return value;
}
