import { type Groups, type GroupValues, parseGroups } from "./parse.ts";
import { relationProblems } from "./relations.ts";
import {
  commitSettings,
  fetchSettings,
  leaseSettings,
  snapshotSettings,
  taskSettings,
  topicSettings,
  transactionSettings,
  workerSettings,
} from "./runtime-settings.ts";
import { scalingSettings } from "./scaling-settings.ts";

/** Every setting of the runtime, by group. A setting is written `group.name`. */
export const settingGroups = {
  commit: commitSettings,
  transaction: transactionSettings,
  lease: leaseSettings,
  snapshot: snapshotSettings,
  fetch: fetchSettings,
  task: taskSettings,
  topics: topicSettings,
  worker: workerSettings,
  scaling: scalingSettings,
} as const satisfies Groups;

/** Checked settings: every value is there, in its unit, and fits the others. Frozen. */
export type Settings = { readonly [G in keyof typeof settingGroups]: GroupValues<(typeof settingGroups)[G]> };

/** What a user may give: any part of the settings. Durations also as `"5s"`, bytes also as `"8MiB"`. */
export type SettingsInput = {
  readonly [G in keyof Settings]?: { readonly [N in keyof Settings[G]]?: Settings[G][N] | string };
};

/**
 * Checks settings once, at the edge: fills in defaults, refuses unknown names, values out of range, and values that do
 * not fit together.
 *
 * @throws {StreamError} `CONFIG_INVALID` with one line per problem
 * @example
 * parseSettings({ commit: { intervalMs: "50ms" } }).commit.intervalMs; // 50
 */
export function parseSettings(input: SettingsInput = {}): Settings {
  return parseGroups(settingGroups, input, relationProblems) as Settings;
}

/**
 * Milliseconds between two heartbeats of a worker: a quarter of `lease.deadAfterMs`, so that two lost beats and a slow
 * one are not yet a death.
 */
export function beatMs(settings: Settings): number {
  return Math.floor(settings.lease.deadAfterMs / 4);
}
