import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { openPlatform } from "../../../examples/stock-trade-stats/start/platform.ts";
import { FolderLock } from "../../../lib/adapters/file/folder-lock.ts";
import { silentLogger } from "../../../lib/adapters/system/logger.ts";
import { ScriptedBroker } from "../adapters/kafka/scripted-broker.ts";

let data: string;

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "demo-"));
});

afterEach(() => {
  rmSync(data, { recursive: true, force: true });
});

const open = (reset: boolean, kafka?: string) =>
  openPlatform({ data, reset, kafka, logger: silentLogger, onLine: () => {}, onExit: () => {} });

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

test("--reset deletes nothing below a demo whose log is a broker's, and deletes it when that has ended", async () => {
  const [broker] = (await ScriptedBroker.cluster(1, {})) as [ScriptedBroker];
  onTestFinished(() => broker.stop());
  const { platform } = await open(false, broker.address);
  mkdirSync(join(data, "leases"), { recursive: true });
  await expect(open(true, broker.address)).rejects.toMatchObject({ code: "FOLDER_IN_USE" });
  await expect(open(true)).rejects.toMatchObject({ code: "FOLDER_IN_USE" });
  expect(readdirSync(data)).toContain("leases");
  await platform.close();
  const { platform: next } = await open(true, broker.address);
  expect(readdirSync(data)).toEqual(["lock"]);
  await next.close();
});

test("--reset deletes nothing beside a log that somebody else has open", async () => {
  writeFileSync(join(data, "audit.json"), "{}");
  const log = new FolderLock(join(data, "log"));
  await expect(open(true)).rejects.toMatchObject({ code: "FOLDER_IN_USE" });
  expect(readdirSync(data)).toContain("audit.json");
  log.release();
  const { platform } = await open(true);
  expect(readdirSync(data)).not.toContain("audit.json");
  await platform.close();
});

test("a demo that finds no broker lets its folder go", async () => {
  await expect(open(false, "127.0.0.1:1")).rejects.toMatchObject({ code: "BROKER_UNREACHABLE" });
  const { platform } = await open(false);
  await platform.close();
});
