import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ServersUnavailable, searchJars } from "../../support/servers/jars.ts";
import { missingReason } from "../../support/servers/shared.ts";
import { javaMajor } from "../../support/servers/tools.ts";

const empty = mkdtempSync(join(tmpdir(), "millrace-nothing-"));
afterAll(() => rmSync(empty, { recursive: true }));

test.for([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['openjdk version "25" 2025-09-16 LTS', 25],
  ['java version "1.8.0_402"', 8],
  ["command not found", undefined],
] as const)("the feature release in %j is %s", ([output, major]) => {
  expect(javaMajor(output)).toBe(major);
});

test("without Java and Maven the reason names both and the variables that do without", async () => {
  const failure = await searchJars({ PATH: empty, XDG_CACHE_HOME: empty }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ServersUnavailable);
  const reason = missingReason(failure as ServersUnavailable);
  expect(reason).toMatch(/install Java 17 or newer.* and Apache Maven \(mvn\)/);
  expect(reason).toContain("KAFKA_BROKERS");
});
