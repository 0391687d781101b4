import { isStreamError } from "../core/errors.ts";
import { type Connections, connectionGroups, parseConnections } from "./connections.ts";
import { nearestName } from "./nearest-name.ts";
import { allNames, type Groups, invalid } from "./parse.ts";
import { parseSettings, type Settings, type SettingsInput, settingGroups } from "./settings.ts";

/** Environment variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const prefix = "MILLRACE_";

/**
 * Settings from variables: `commit.intervalMs` is `MILLRACE_COMMIT_INTERVAL_MS`. Empty variables count as absent.
 *
 * @throws {StreamError} `CONFIG_INVALID` with one line per problem, unknown `MILLRACE_…` names included
 * @example
 * settingsFromEnvironment({ MILLRACE_COMMIT_INTERVAL_MS: "50ms" }).commit.intervalMs; // 50
 */
export function settingsFromEnvironment(env: Environment): Settings {
  const problems = unknownVariables(env);
  if (problems.length > 0) throw invalid(problems);
  return namingVariables(settingGroups, () => parseSettings(fromEnvironment(settingGroups, env) as SettingsInput));
}

/**
 * Connections from variables: `kafka.brokers` is `MILLRACE_KAFKA_BROKERS`.
 *
 * @throws {StreamError} `CONFIG_INVALID` with one line per problem; secrets are never in it
 * @example
 * connectionsFromEnvironment({ MILLRACE_KAFKA_BROKERS: "broker.example:9092" }); // throws CONFIG_INVALID
 */
export function connectionsFromEnvironment(env: Environment): Connections {
  return namingVariables(connectionGroups, () => parseConnections(fromEnvironment(connectionGroups, env)));
}

/** The variable of a setting written `group.name`. */
export function variableOf(setting: string): string {
  return prefix + setting.replaceAll(".", "_").replaceAll(/[A-Z]/g, "_$&").toUpperCase();
}

/** Problems name the variables: that is where the reader has to look. */
function namingVariables<T>(groups: Groups, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isStreamError(error, "CONFIG_INVALID")) throw error;
    const problems = error.details["problems"] as readonly string[];
    const name = new RegExp(`\\b(${allNames(groups).join("|").replaceAll(".", "\\.")})\\b`, "g");
    throw invalid(problems.map((problem) => problem.replaceAll(name, variableOf)));
  }
}

function fromEnvironment(groups: Groups, env: Environment): Record<string, Record<string, string>> {
  const input: Record<string, Record<string, string>> = {};
  for (const [group, settings] of Object.entries(groups)) {
    const given = Object.keys(settings)
      .map((name) => [name, env[variableOf(`${group}.${name}`)]] as const)
      .filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "");
    if (given.length > 0) input[group] = Object.fromEntries(given);
  }
  return input;
}

function unknownVariables(env: Environment): readonly string[] {
  const known = [...allNames(settingGroups), ...allNames(connectionGroups)].map(variableOf);
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !known.includes(name))
    .map((name) => {
      const meant = nearestName(name, known);
      return meant === undefined ? `${name} is unknown` : `${name} is unknown: did you mean ${meant}?`;
    });
}
