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

/**
 * A default as people write it: `"7d"`, `"8MiB"`, `"none"` where a setting may be absent, `"required"` where it may not.
 *
 * @example
 * defaultText({ unit: "ms", default: 300_000, required: false }); // "5m"
 * defaultText({ unit: "bytes", default: 8_388_608, required: false }); // "8MiB"
 */
export function defaultText(setting: Pick<SettingDescription, "unit" | "default" | "required">): string {
  const { unit, default: value, required } = setting;
  if (value === undefined) return required ? "required" : "none";
  if (value === "") return "empty";
  if (typeof value !== "number" || value <= 0) return String(value);
  const scales = unit === "ms" ? durationScales : unit === "bytes" ? byteScales : [];
  const scale = scales.find(([, size]) => value % size === 0);
  return scale === undefined ? String(value) : `${value / scale[1]}${scale[0]}`;
}

const durationScales = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;
const byteScales = [
  ["GiB", 1 << 30],
  ["MiB", 1 << 20],
  ["KiB", 1 << 10],
  ["B", 1],
] as const;
