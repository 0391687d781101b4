import { expect, test } from "vitest";
import { describeSettings } from "../../../lib/config/describe.ts";
import { variableOf } from "../../../lib/config/environment.ts";
import { parseSettings, settingGroups } from "../../../lib/config/settings.ts";

const described = describeSettings();

test("describes every setting with its variable, unit, allowed values and reason", () => {
  for (const setting of described) {
    expect(setting.variable).toBe(variableOf(setting.name));
    expect(setting.allowed).not.toBe("");
    expect(setting.about, setting.name).toMatch(/^\S.*\.$/s);
  }
});

test("gives every setting a name and a variable of its own", () => {
  expect(new Set(described.map(({ name }) => name)).size).toBe(described.length);
  expect(new Set(described.map(({ variable }) => variable)).size).toBe(described.length);
});

test("shows the defaults that parsing fills in", () => {
  const settings = parseSettings() as unknown as Record<string, Record<string, unknown>>;
  for (const [group, rules] of Object.entries(settingGroups)) {
    for (const name of Object.keys(rules)) {
      expect(described.find((setting) => setting.name === `${group}.${name}`)?.default).toBe(settings[group]?.[name]);
    }
  }
});

test("puts the unit of durations and bytes into their names", () => {
  for (const { name, unit } of described) {
    if (unit === "ms") expect(name).toMatch(/Ms$/);
    if (unit === "bytes") expect(name).toMatch(/Bytes$/);
  }
});

test("marks the password as a secret and shows no default for it", () => {
  const secrets = described.filter(({ secret }) => secret);
  expect(secrets.map(({ name }) => name)).toEqual(["kafka.password"]);
  expect(secrets[0]?.default).toBeUndefined();
});
