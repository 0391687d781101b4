import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openPlatform } from "../../../examples/stock-trade-stats/start/platform.ts";
import { silentLogger } from "../../../lib/adapters/system/logger.ts";

let data: string;

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "demo-"));
});

afterEach(() => {
  rmSync(data, { recursive: true, force: true });
});

const open = (reset: boolean) =>
  openPlatform({ data, reset, kafka: undefined, logger: silentLogger, onLine: () => {}, onExit: () => {} });

test("--reset deletes what earlier runs left, and nothing else that is in the folder", async () => {
  writeFileSync(join(data, "thesis.txt"), "mine");
  writeFileSync(join(data, "audit.json"), "{}");
  mkdirSync(join(data, "objects", "stock-trades"), { recursive: true });
  const { platform } = await open(true);
  await platform.close();
  expect(readdirSync(data)).toContain("thesis.txt");
  expect(readdirSync(data)).not.toContain("audit.json");
  expect(readdirSync(data)).not.toContain("objects");
});

test("--reset deletes nothing below a demo that runs", async () => {
  const { platform } = await open(false);
  writeFileSync(join(data, "audit.json"), "{}");
  await expect(open(true)).rejects.toMatchObject({ code: "FOLDER_IN_USE" });
  expect(readdirSync(data)).toEqual(expect.arrayContaining(["audit.json", "log"]));
  await platform.close();
});
