import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium, launchChromium, noBrowser } from "../support/browser.ts";
import { type DemoProcess, startDemo } from "../support/demo-process.ts";
import { guardedFolder, removeFolder } from "../support/servers/reaper.ts";

const chromium = findChromium();
if (chromium === undefined) process.stderr.write(`\nbrowser tests are skipped: ${noBrowser}\n\n`);

const DESKTOP = { width: 1360, height: 900 };
const PHONE = { width: 390, height: 844 };

/** One demo and one page for the whole file: the tests follow each other as a person would. */
describe.skipIf(chromium === undefined)("npm start in a real browser", () => {
  let folder: string;
  let screenshots: string;
  let demo: DemoProcess;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await guardedFolder("browser");
    screenshots = process.env["SCREENSHOTS"] ?? join(folder, "screenshots");
    mkdirSync(screenshots, { recursive: true });
    demo = await startDemo(["--data", join(folder, "data")]);
    browser = await launchChromium(chromium ?? "");
    page = await open(DESKTOP);
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.stop();
    if (folder !== undefined) await removeFolder(folder);
  });

  const open = async (viewport: { width: number; height: number }): Promise<Page> => {
    const opened = await browser.newPage({ viewport });
    opened.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    opened.on("pageerror", (error) => complaints.push(error.message));
    await opened.goto(demo.url);
    return opened;
  };
  const text = async (selector: string): Promise<string> => (await page.locator(selector).textContent()) ?? "";
  const number = async (selector: string): Promise<number> => Number((await text(selector)).replaceAll(",", ""));
  const within = (seconds: number) => ({ timeout: seconds * 1_000, interval: 100 });

  test("the page is up within ten seconds, live, and starts without a worker", async () => {
    expect(demo.upAfterMs).toBeLessThan(10_000);
    await expect.poll(() => text("#link"), within(5)).toBe("live");
    expect(await text("#status")).toBe("Running");
    expect(await text("h1")).toBe("Millrace");
  });

  test("load starts workers one after the other, and the table equals the independent count", async () => {
    await expect.poll(() => number("#fact-workers"), within(40)).toBeGreaterThanOrEqual(2);
    await expect.poll(() => text("#audit-badge"), within(15)).toBe("✓ equal");
    expect(await text("#audit-difference")).toBe("0");
    await expect.poll(() => number("#audit-table"), within(15)).toBeGreaterThan(1_000);
    expect(await page.locator("#table tr").count()).toBeGreaterThanOrEqual(10);
  });

  test("a look-up shows the windows of a key and the position that they reflect", async () => {
    await page.locator("#look-up-key").fill("AAPL");
    await page.locator("#look-up button").click();
    await expect.poll(() => text("#look-up-answer"), within(10)).toMatch(/AAPL: \d+ windows?/);
    expect(await text("#look-up-answer .position")).toMatch(/Reflects trades:\d+ below [\d,]+\./);
    await page.locator("#look-up-key").fill("NOBODY");
    await page.locator("#look-up button").click();
    await expect.poll(() => text("#look-up-answer"), within(10)).toContain("No window of this key is in the table.");
  });

  test("a killed worker is noticed, all its pins are taken over, and the difference stays 0", async () => {
    const pins = await page.locator(".worker:has(.kill:visible) .pin-chip").count();
    expect(pins).toBeGreaterThan(0);
    await page.locator(".worker:has(.pin-chip) .kill:visible").first().click();
    await expect.poll(() => text("#takeovers"), within(5)).toContain("killed");
    await expect.poll(() => text("#takeovers"), within(15)).toMatch(/noticed after .*pin \d+ → \S+ after/);
    await expect.poll(() => page.locator("#takeovers .step[data-tone='warn']").count(), within(15)).toBe(0);
    const before = await number("#fact-rate");
    await expect.poll(() => text("#audit-difference"), within(5)).toBe("0");
    expect(before).toBeGreaterThan(0);
    await page.evaluate("scrollTo(0, 0)");
    await page.screenshot({ path: join(screenshots, "desktop.png") });
    await page.screenshot({ path: join(screenshots, "desktop-full.png"), fullPage: true });
  });

  test("the page fits a phone", async () => {
    const phone = await open(PHONE);
    await phone.locator('#link[data-link="live"]').waitFor();
    await expect.poll(() => phone.locator("#table tr").count(), within(5)).toBeGreaterThan(0);
    expect(await phone.evaluate("document.documentElement.scrollWidth")).toBe(PHONE.width);
    await phone.screenshot({ path: join(screenshots, "phone.png") });
    await phone.close();
  });

  test("without load the workers go to zero, nothing is left over, and the difference is 0", async () => {
    await page.locator("#load-slider").fill("0");
    await expect.poll(() => text("#load-factor"), within(5)).toContain("silent");
    await expect.poll(() => number("#fact-workers"), within(60)).toBe(0);
    await expect.poll(() => number("#fact-lag"), within(10)).toBe(0);
    await expect.poll(() => text("#audit-badge"), within(5)).toBe("✓ equal");
    await expect.poll(() => page.locator("#workers-empty").isVisible(), within(20)).toBe(true);
  });

  test("a key is still answered when no worker is alive", async () => {
    await page.locator("#look-up-key").fill("AAPL");
    await page.locator("#look-up button").click();
    await expect.poll(() => text("#look-up-answer"), within(10)).toMatch(/AAPL: \d+ windows?/);
  });

  test("Ctrl-C drains and stops, the page says so, and a second start continues", async () => {
    const totals = async () => (await text("#audit-facts")).replaceAll(",", "").match(/(\d+) trades/)?.[1];
    const before = Number(await totals());
    expect(await demo.stop()).toBe(0);
    await expect.poll(() => text("#problem"), within(10)).toContain("The runtime");
    demo = await startDemo(["--data", join(folder, "data"), "--load", "0"]);
    await page.goto(demo.url);
    await expect.poll(async () => Number(await totals()), within(20)).toBe(before);
    expect(await text("#audit-difference")).toBe("0");
  });

  test("the console of the browser has no complaint", () => {
    // The stream ends when the runtime stops: that failed request is what the test above wanted.
    expect(
      complaints.filter((complaint) => !/ERR_(INCOMPLETE_CHUNKED_ENCODING|CONNECTION_REFUSED)/.test(complaint)),
    ).toEqual([]);
  });
});
