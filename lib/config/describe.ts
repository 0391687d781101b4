import { connectionGroups } from "./connections.ts";
import { variableOf } from "./environment.ts";
import type { Groups } from "./parse.ts";
import { settingGroups } from "./settings.ts";

/** One setting as a help text or a page shows it. */
export interface SettingDescription {
  /** `group.name` */
  readonly name: string;
  /** Environment variable. */
  readonly variable: string;
  readonly unit: string;
  readonly allowed: string;
  /** Undefined: absent by default, or required. */
  readonly default: string | number | boolean | undefined;
  readonly required: boolean;
  readonly secret: boolean;
  readonly about: string;
}

/**
 * Every setting and connection, in the order of their groups.
 *
 * @example
 * describeSettings().find(({ name }) => name === "commit.intervalMs")?.variable; // "MILLRACE_COMMIT_INTERVAL_MS"
 */
export function describeSettings(): readonly SettingDescription[] {
  return [...describeGroups(settingGroups), ...describeGroups(connectionGroups)];
}

function describeGroups(groups: Groups): readonly SettingDescription[] {
  return Object.entries(groups).flatMap(([group, settings]) =>
    Object.entries(settings).map(([name, setting]) => ({
      name: `${group}.${name}`,
      variable: variableOf(`${group}.${name}`),
      unit: setting.unit,
      allowed: setting.allowed,
      default: setting.default as SettingDescription["default"],
      required: setting.required,
      secret: setting.secret,
      about: setting.about,
    })),
  );
}
