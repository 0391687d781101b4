import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadApp } from "../../../lib/cli/load-app.ts";
import { startEmbedded } from "../../../lib/testing/start-embedded.ts";
import { inside } from "./inside.ts";

const library = fileURLToPath(new URL("../../../lib/index.ts", import.meta.url));
let folder: string;
let appFile: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-redrive-"));
  appFile = join(folder, "app.mjs");
  writeFileSync(
    appFile,
    `import { deadLetter, defineApp, string } from ${JSON.stringify(library)};
export default defineApp({ id: "aside", processingExceptionHandler: deadLetter("dead") }, (builder) => {
  const refuse = (key, value) => { if (value === "bad") throw new Error("bad"); };
  builder.stream("in", { key: string(), value: string() }).peek(refuse).to("out");
});
`,
  );
  const running = await startEmbedded({ app: await loadApp(appFile), folder: join(folder, "data") });
  await running.write(
    "in",
    ["good", "bad"].map((value) => ({ key: "k", value, timestampMs: 1 })),
  );
  await running.caughtUp();
  await running.stop();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const redrive = (...args: string[]) =>
  inside(["redrive", "dead", "--app", appFile, "--data", join(folder, "data"), ...args]);

test("says what would go back, brings it back, and then has nothing more", async () => {
  expect((await redrive("--dry-run")).stdout).toBe("1 of dead would go back to in\n");
  expect(JSON.parse((await redrive("--json", "--limit", "5")).stdout)).toEqual({
    topic: "dead",
    dryRun: false,
    redriven: { in: 1 },
    foreign: 0,
  });
  expect(await redrive()).toEqual({ exitCode: 0, stdout: "nothing of dead went back\n", stderr: "" });
});

test("needs an application, and a topic of its dead letters", async () => {
  expect(await inside(["redrive", "dead"])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--app") });
  const wrong = await inside(["redrive", "out", "--app", appFile, "--data", join(folder, "data")]);
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("those are dead") });
});
