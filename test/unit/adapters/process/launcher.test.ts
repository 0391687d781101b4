import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ProcessLauncher, type ProcessLauncherOptions } from "../../../../lib/adapters/process/launcher.ts";

/** Says who it is and then does what its environment says, until it is told to stop. */
const script = `
const worker = process.argv.at(-1);
console.log("hello from " + worker + " with " + process.env.GREETING);
console.error("and on stderr");
if (process.env.EXIT !== undefined) process.exit(Number(process.env.EXIT));
if (process.env.DEAF !== undefined) process.on("SIGTERM", () => console.log("ignored"));
else process.on("SIGTERM", () => { console.log("drained"); process.exit(0); });
console.log("ready");
setInterval(() => {}, 1_000);
`;

let folder: string;
let lines: string[];
let exits: { worker: string; code: number | null; signal: string | null }[];
const launchers: ProcessLauncher[] = [];
/** Resolvers of what a test waits for: checked with every line and exit. */
let onNews: () => void = () => undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-launcher-"));
  writeFileSync(join(folder, "worker.mjs"), script);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  lines = [];
  exits = [];
});

afterEach(async () => {
  for (const launcher of launchers.splice(0)) {
    for (const worker of await launcher.list()) await launcher.kill(worker);
    await launcher.close();
  }
});

function make(environment: Record<string, string> = {}, changes: Partial<ProcessLauncherOptions> = {}) {
  const launcher = new ProcessLauncher({
    command: [process.execPath, join(folder, "worker.mjs")],
    environment: { GREETING: "cheers", ...environment },
    onLine: (worker, line) => {
      lines.push(`${worker}: ${line}`);
      onNews();
    },
    onExit: (worker, how) => {
      exits.push({ worker, ...how });
      onNews();
    },
    ...changes,
  });
  launchers.push(launcher);
  return launcher;
}

/** Waits for a line or an exit that makes it true. */
function until(what: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    onNews = () => {
      if (what()) resolve();
    };
    onNews();
  });
}

const ready = (worker: string) => until(() => lines.includes(`${worker}: ready`));

describe("a worker process", () => {
  test("is started with its id and environment, and its lines are seen", async () => {
    const launcher = make();
    await launcher.start({ worker: "w-1" });
    await ready("w-1");
    await until(() => lines.length >= 3);
    expect(lines).toEqual(expect.arrayContaining(["w-1: hello from w-1 with cheers", "w-1: and on stderr"]));
    expect(await launcher.list()).toEqual(["w-1"]);
  });

  test("is started once", async () => {
    const launcher = make();
    await launcher.start({ worker: "w-1" });
    await launcher.start({ worker: "w-1" });
    await ready("w-1");
    expect(lines.filter((line) => line.includes("hello"))).toHaveLength(1);
  });

  test("is asked to drain by SIGTERM", async () => {
    const launcher = make();
    await launcher.start({ worker: "w-1" });
    await ready("w-1");
    await launcher.stop("w-1");
    await until(() => exits.length === 1);
    expect([exits, lines.at(-1)]).toEqual([[{ worker: "w-1", code: 0, signal: null }], "w-1: drained"]);
    expect(await launcher.list()).toEqual([]);
  });

  test("is killed without clean-up", async () => {
    const launcher = make();
    await launcher.start({ worker: "w-1" });
    await ready("w-1");
    expect(await launcher.kill("w-1")).toBe(true);
    await until(() => exits.length === 1);
    expect(exits).toEqual([{ worker: "w-1", code: null, signal: "SIGKILL" }]);
    expect(lines).not.toContain("w-1: drained");
    expect(await launcher.kill("w-1")).toBe(false);
  });

  test("that ends by itself is told with its code, and may be started again", async () => {
    const launcher = make({ EXIT: "7" });
    await launcher.start({ worker: "w-1" });
    await until(() => exits.length === 1);
    expect(exits).toEqual([{ worker: "w-1", code: 7, signal: null }]);
    await launcher.start({ worker: "w-1" });
    await until(() => exits.length === 2);
  });

  test("can be frozen and thawed", async () => {
    const launcher = make();
    await launcher.start({ worker: "w-1" });
    await ready("w-1");
    expect(launcher.signal("w-1", "SIGSTOP")).toBe(true);
    await launcher.stop("w-1");
    expect(launcher.signal("w-1", "SIGCONT")).toBe(true);
    await until(() => exits.length === 1);
    expect(exits).toMatchObject([{ code: 0 }]);
    expect(launcher.signal("w-1", "SIGCONT")).toBe(false);
  });

  test("of a program that does not exist is an error, and is not listed", async () => {
    const launcher = make({}, { command: [join(folder, "no-such-program")] });
    await expect(launcher.start({ worker: "w-1" })).rejects.toMatchObject({ code: "ENOENT" });
    expect(await launcher.list()).toEqual([]);
  });

  test("unknown is neither stopped nor killed, and that is fine", async () => {
    const launcher = make();
    await launcher.stop("nobody");
    expect([await launcher.kill("nobody"), launcher.signal("nobody", "SIGSTOP")]).toEqual([false, false]);
  });
});

describe("closing", () => {
  test("asks every worker to drain and waits for all of them", async () => {
    const launcher = make();
    for (const worker of ["w-1", "w-2"]) await launcher.start({ worker });
    await Promise.all([ready("w-1")]);
    await ready("w-2");
    await launcher.close();
    expect(exits.map(({ worker, code }) => `${worker} ${code}`).sort()).toEqual(["w-1 0", "w-2 0"]);
  });

  test("kills who does not end in time", async () => {
    const launcher = make({ DEAF: "yes" }, { closeGraceMs: 100 });
    await launcher.start({ worker: "w-1" });
    await ready("w-1");
    await launcher.close();
    expect(exits).toMatchObject([{ signal: "SIGKILL" }]);
  });

  test("without workers is at once", async () => {
    await make().close();
    expect(exits).toEqual([]);
  });
});
