import { describe, expect, expectTypeOf, test } from "vitest";
import { beatMs, parseSettings, type Settings, type SettingsInput } from "../../../lib/config/settings.ts";
import { isStreamError } from "../../../lib/core/errors.ts";

/** The problems of an input, or none. */
function problems(input: unknown): readonly string[] {
  try {
    parseSettings(input as SettingsInput);
    return [];
  } catch (error) {
    if (!isStreamError(error, "CONFIG_INVALID")) throw error;
    expect(error.advice).toBe("fix-and-redeploy");
    return error.details["problems"] as readonly string[];
  }
}

describe("parseSettings", () => {
  test("fills in the defaults that the design names", () => {
    const settings = parseSettings();
    expect(settings.commit.intervalMs).toBe(100);
    expect(settings.transaction.timeoutMs).toBe(10_000);
    expect(settings.lease.deadAfterMs).toBe(10_000);
    expect(settings.topics.deleteRetentionMs).toBe(7 * 86_400_000);
    expect(settings.scaling.minWorkers).toBe(0);
    expectTypeOf(settings).toEqualTypeOf<Settings>();
    expectTypeOf(settings.scaling.mode).toEqualTypeOf<"on" | "dryRun" | "off">();
  });

  test("freezes the settings and every group", () => {
    const settings = parseSettings({ commit: { intervalMs: 50 } });
    expect(Object.isFrozen(settings)).toBe(true);
    for (const group of Object.values(settings)) expect(Object.isFrozen(group)).toBe(true);
  });

  test("gives two callers settings of their own", () => {
    expect(parseSettings().commit).not.toBe(parseSettings().commit);
  });

  test.for([
    { input: { commit: { intervalMs: 50 } }, group: "commit", name: "intervalMs", value: 50 },
    { input: { commit: { intervalMs: "50" } }, group: "commit", name: "intervalMs", value: 50 },
    { input: { commit: { intervalMs: "0.5s" } }, group: "commit", name: "intervalMs", value: 500 },
    { input: { snapshot: { maxAgeMs: "2m" } }, group: "snapshot", name: "maxAgeMs", value: 120_000 },
    { input: { fetch: { maxBytes: "64MiB" } }, group: "fetch", name: "maxBytes", value: 67_108_864 },
    { input: { fetch: { maxBytes: "131072" } }, group: "fetch", name: "maxBytes", value: undefined },
    { input: { scaling: { utilisationRatio: "0.5" } }, group: "scaling", name: "utilisationRatio", value: 0.5 },
    { input: { scaling: { mode: "dryRun" } }, group: "scaling", name: "mode", value: "dryRun" },
    { input: { topics: { replicas: -1 } }, group: "topics", name: "replicas", value: -1 },
  ])("reads $group.$name of $input as $value", ({ input, group, name, value }) => {
    if (value === undefined) expect(problems(input)).not.toEqual([]);
    else
      expect(
        (parseSettings(input as SettingsInput) as unknown as Record<string, Record<string, unknown>>)[group]?.[name],
      ).toBe(value);
  });

  test.for([
    { input: { commit: { intervalMs: 0 } }, says: "commit.intervalMs is 0: must be 1 to 60000 ms" },
    { input: { commit: { intervalMs: "fast" } }, says: 'commit.intervalMs is "fast": must be 1 to 60000 ms' },
    { input: { commit: { intervalMs: 1.5 } }, says: "commit.intervalMs is 1.5: must be 1 to 60000 ms" },
    { input: { commit: { intervalMs: null } }, says: "commit.intervalMs is null: must be 1 to 60000 ms" },
    { input: { fetch: { maxBytes: "1MB" } }, says: 'fetch.maxBytes is "1MB": must be 65536 to 536870912 bytes' },
    { input: { scaling: { mode: "auto" } }, says: 'scaling.mode is "auto": must be one of on, dryRun, off' },
    { input: { scaling: { maxWorkers: 1_001 } }, says: "scaling.maxWorkers is 1001: must be 1 to 1000" },
    { input: { scaling: { utilisationRatio: 1.1 } }, says: "scaling.utilisationRatio is 1.1: must be 0.1 to 1" },
    { input: { commit: 5 }, says: "commit is 5: must be an object of settings" },
    { input: 5, says: "settings is 5: must be an object of settings" },
    { input: { comit: {} }, says: "comit is unknown: did you mean commit?" },
    { input: { commit: { intervallMs: 5 } }, says: "commit.intervallMs is unknown: did you mean commit.intervalMs?" },
    { input: { deadAfterMs: 5 }, says: "deadAfterMs is unknown: did you mean lease.deadAfterMs?" },
    {
      input: { commit: { colour: 5 } },
      says: "commit.colour is unknown: settings of commit are intervalMs, maxBytes, maxPerSecond, positionOnlyMs, maxReacquires",
    },
  ])("refuses $input and says what is allowed", ({ input, says }) => {
    expect(problems(input)).toEqual([says]);
  });

  test("names every problem at once, one line each", () => {
    const input = { commit: { intervalMs: 0, maxBytes: 1 }, lease: { deadAfter: 3 } } as unknown as SettingsInput;
    expect(problems(input)).toHaveLength(3);
    expect(() => parseSettings(input)).toThrow(
      /CONFIG_INVALID: commit\.intervalMs .*\ncommit\.maxBytes .*\nlease\.deadAfter /s,
    );
  });

  test.for([
    { input: { commit: { intervalMs: 3_333 }, worker: { drainMs: 20_000 } }, reason: undefined },
    {
      input: { commit: { intervalMs: 3_334 }, worker: { drainMs: 20_000 } },
      reason: /below a third of transaction\.timeoutMs \(10000\), because/,
    },
    {
      input: { fetch: { maxPartitionBytes: "33MiB" } },
      reason: /must not be above fetch\.maxBytes \(33554432\), because/,
    },
    { input: { topics: { deleteRetentionMs: "4m" } }, reason: undefined },
    {
      input: { topics: { deleteRetentionMs: "239s" } },
      reason: /at most a quarter of topics\.deleteRetentionMs \(239000\), because/,
    },
    {
      input: { snapshot: { handoverMaxTailRecords: 500_001 } },
      reason: /must not be above snapshot\.maxTailRecords \(500000\), because/,
    },
    {
      input: { commit: { intervalMs: "1s" }, worker: { drainMs: 3_999 } },
      reason: /at least four times commit\.intervalMs \(1000\), because/,
    },
    { input: { scaling: { minWorkers: 4, maxWorkers: 3 } }, reason: /must not be above scaling\.maxWorkers \(3\)/ },
    { input: { scaling: { idleToZeroMs: 0 } }, reason: undefined },
    { input: { scaling: { idleToZeroMs: 4_999 } }, reason: /at least commit\.positionOnlyMs \(5000\), or 0, because/ },
  ])("checks that the values of $input fit together", ({ input, reason }) => {
    const found = problems(input);
    if (reason === undefined) expect(found).toEqual([]);
    else expect(found).toEqual([expect.stringMatching(reason)]);
  });

  test("gives a worker four heartbeats before it is declared dead", () => {
    expect(beatMs(parseSettings({ lease: { deadAfterMs: 3_001 } }))).toBe(750);
  });
});
