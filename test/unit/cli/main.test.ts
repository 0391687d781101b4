import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { app } from "../../../examples/stock-trade-stats/app.ts";
import { describeSettings } from "../../../lib/config/describe.ts";
import { startEmbedded } from "../../../lib/testing/start-embedded.ts";
import { describe as describeTopology } from "../../../lib/topology/describe.ts";
import { type Ended, inside } from "./inside.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const appFile = "examples/stock-trade-stats/app.ts";
let folder: string;

/** Runs the program in a process of its own, with no variable of ours but these. */
function program(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("MILLRACE_"));
  const env = { ...Object.fromEntries(inherited), ...variables };
  const argv = [join(root, "lib/cli/main.ts"), ...args];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, argv, { cwd: root, env, timeout: 15_000 }, (_error, stdout, stderr) => {
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-cli-"));
  const running = await startEmbedded({ app, topics: { trades: 2 }, folder: join(folder, "data") });
  const trade = (ticker: string, price: number, timestampMs: number) => ({
    key: ticker,
    value: { ticker, price, size: 1 },
    timestampMs,
  });
  await running.write("trades", [trade("AAPL", 10, 7_000), trade("AAPL", 8, 7_500), trade("MSFT", 50, 7_000)]);
  await running.caughtUp();
  await running.stop();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const query = (...args: string[]) => inside(["query", ...args, "--app", appFile, "--data", join(folder, "data")]);

test("begins with the line that makes it a program", () => {
  expect(readFileSync(join(root, "lib/cli/main.ts"), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
});

describe("help", () => {
  test.for([[["--help"]], [["-h"]], [["help"]]] as const)(
    "%j lists commands, examples and exit codes",
    async ([args]) => {
      const { exitCode, stdout } = await inside(args);
      expect(exitCode).toBe(0);
      for (const part of ["describe  ", "query  ", "redrive  ", "settings  ", "Examples\n", "Exit codes\n"]) {
        expect(stdout).toContain(part);
      }
    },
  );

  test.for([["describe"], ["query"], ["redrive"], ["settings"]] as const)(
    "%s --help has examples",
    async ([command]) => {
      const { exitCode, stdout } = await inside([command, "--help"]);
      expect(exitCode).toBe(0);
      expect(stdout).toContain(`Usage: millrace ${command}`);
      expect(stdout).toContain(`Examples\n  millrace ${command}`);
      expect((await inside(["help", command])).stdout).toBe(stdout);
    },
  );

  test("of a command that is none lists those that there are", async () => {
    expect(await inside(["help", "constructor"])).toEqual(await inside(["help"]));
  });

  test("--version says the package's", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    expect((await program(["--version"])).stdout).toBe(`${version}\n`);
  });
});

describe("describe", () => {
  test("prints the topology as Kafka Streams does", async () => {
    const { exitCode, stdout } = await program(["describe", appFile]);
    expect([exitCode, stdout]).toEqual([0, describeTopology(app.topology)]);
  });

  test("gives programs store types and internal topics", async () => {
    const { stdout } = await inside(["describe", appFile, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      id: "stock-trades",
      subTopologies: [
        {
          stores: [{ name: "trade-stats", changelog: "stock-trades-trade-stats-changelog" }],
          sourceTopics: ["trades"],
        },
      ],
    });
  });
});

describe("settings", () => {
  test("lists every setting on a line of its own", async () => {
    const { stdout } = await inside(["settings"]);
    const lines = stdout.trimEnd().split("\n").slice(1);
    expect(lines.map((line) => line.split(" ")[0])).toEqual(describeSettings().map(({ name }) => name));
  });

  test("--json has what describeSettings has", async () => {
    const { stdout } = await inside(["settings", "--json"]);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(describeSettings())));
  });

  test("--markdown is docs/settings.md", async () => {
    const { stdout } = await program(["settings", "--markdown"]);
    expect(readFileSync(join(root, "docs/settings.md"), "utf8")).toBe(stdout);
  });
});

describe("query", () => {
  test("prints the windows of a key and the position that they reflect", async () => {
    const { exitCode, stdout } = await query("trade-stats", "AAPL", "--from", "7000", "--to", "7000");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^key {3}window start +window end +count +min +sum +time\n/);
    expect(stdout).toMatch(/\nAAPL {2}1970-01-01T00:00:07\.000Z {2}1970-01-01T00:00:12\.000Z +2 +8 +18 /);
    expect(stdout).toMatch(/\npin \d {2}reflects trades:\d below \d+ {2}\(committed: snapshot \d+ \+ \d+ changelog/);
  });

  test("gives all keys without one, and takes times as people write them", async () => {
    const { stdout } = await query("trade-stats", "--from", "1970-01-01T00:00:07Z", "--json");
    const { rows, partitions } = JSON.parse(stdout) as { rows: { key: string }[]; partitions: unknown[] };
    expect(rows.map(({ key }) => key).sort()).toEqual(["AAPL", "MSFT"]);
    expect(partitions).toHaveLength(2);
  });

  test("keeps the newest windows when there are more than the limit", async () => {
    const { stdout } = await query("trade-stats", "AAPL", "--limit", "2", "--json", "--freshness", "snapshot");
    const { rows, freshness } = JSON.parse(stdout) as { rows: { windowStartMs: number }[]; freshness: string };
    expect(rows.map(({ windowStartMs }) => windowStartMs)).toEqual([6_000, 7_000]);
    expect(freshness).toBe("snapshot");
  });

  test("says that a key has no rows", async () => {
    const { exitCode, stdout } = await query("trade-stats", "NONE");
    expect([exitCode, stdout.split("\n")[0]]).toEqual([0, "no rows"]);
  });
});

test("who stops reading gets no error", async () => {
  const child = spawn(process.execPath, [join(root, "lib/cli/main.ts"), "settings"], { cwd: root });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const exitCode = await new Promise((resolve) => child.once("close", resolve));
  expect([exitCode, stderr]).toEqual([0, ""]);
});

test.for([
  { args: [], exitCode: 2, says: "CONFIG_INVALID: which command?" },
  { args: ["qurey"], exitCode: 2, says: "there is no command qurey; did you mean query?" },
  { args: ["toString"], exitCode: 2, says: "there is no command toString (" },
  { args: ["describe"], exitCode: 2, says: "APP.ts is missing: File that exports the application." },
  { args: ["describe", "absent.ts"], exitCode: 2, says: "there is no file absent.ts" },
  { args: ["describe", "lib/core/ids.ts"], exitCode: 2, says: 'exports no application: write "export default' },
  { args: ["describe", appFile, "more"], exitCode: 2, says: '"more" is one word too many' },
  { args: ["settings", "--jsn"], exitCode: 2, says: "there is no option --jsn; did you mean --json?" },
  { args: ["query", "s"], exitCode: 2, says: "--app is missing" },
  { args: ["query", "s", "--app", appFile], exitCode: 2, says: "MILLRACE_KAFKA_BROKERS is missing" },
])("$args ends with $exitCode and one line", async ({ args, exitCode, says }) => {
  const ended = await inside(args);
  expect(ended.stderr).toContain(says);
  expect(ended).toMatchObject({
    exitCode,
    stdout: "",
    stderr: expect.stringMatching(/^millrace: [A-Z_]+: .*\[[a-z-]+\]\n$/),
  });
});

test.for([
  { args: ["trade-stat", "AAPL"], exitCode: 2, says: 'STORE_UNKNOWN: there is no store "trade-stat"' },
  { args: ["trade-stats", "AAPL", "--from", "soon"], exitCode: 2, says: "QUERY_INVALID: from is" },
])("a query $args ends with $exitCode and one line", async ({ args, exitCode, says }) => {
  const ended = await query(...args);
  expect(ended.stderr).toContain(says);
  expect(ended).toMatchObject({ exitCode, stdout: "" });
});

test.for([
  { args: ["qurey"], exitCode: 2, says: "there is no command qurey; did you mean query?" },
  { args: ["describe", "package.json"], exitCode: 2, says: "package.json cannot be loaded" },
])("the program ends $args with $exitCode and writes the line to standard error", async ({ args, exitCode, says }) => {
  const ended = await program(args);
  expect(ended).toMatchObject({ exitCode, stdout: "", stderr: expect.stringContaining(says) });
});

test("a folder that no run has left is said to be none, and not made", async () => {
  const typo = join(folder, "dta");
  expect(await inside(["query", "trade-stats", "--app", appFile, "--data", typo])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(`--data ${typo}: no embedded run has left anything there`),
  });
  expect(existsSync(typo)).toBe(false);
});

test("the program asks a table", async () => {
  const ended = await program(["query", "trade-stats", "MSFT", "--app", appFile, "--data", join(folder, "data")]);
  expect(ended).toMatchObject({
    exitCode: 0,
    stderr: "",
    stdout: expect.stringMatching(/\nMSFT {2}1970-01-01T00:00:03/),
  });
});

test("an unreachable broker is a passing failure", async () => {
  const ended = await program(["query", "trade-stats", "AAPL", "--app", appFile], {
    MILLRACE_KAFKA_BROKERS: "127.0.0.1:1",
    MILLRACE_TABLE_NAME: "leases",
    MILLRACE_BUCKET_NAME: "snapshots",
  });
  expect(ended).toMatchObject({
    exitCode: 4,
    stderr: expect.stringMatching(/^millrace: BROKER_UNREACHABLE: .*\[retry\]\n$/),
  });
});

test("a key of a key-value store without a row ends with 3", async () => {
  const file = join(folder, "words.ts");
  const lib = JSON.stringify(join(root, "lib/index.ts"));
  writeFileSync(
    file,
    `import { defineApp, string } from ${lib};
     export const words = defineApp({ id: "words" }, (builder) => {
       builder.stream("in", { key: string(), value: string() }).groupByKey().count({ store: "counts" });
     });`,
  );
  const { words } = (await import(file)) as { words: typeof app };
  const data = join(folder, "words");
  const running = await startEmbedded({ app: words, folder: data });
  await running.write("in", [{ key: "a", value: "x" }]);
  await running.caughtUp();
  await running.stop();
  const ask = (key: string) => inside(["query", "counts", key, "--app", file, "--data", data]);
  expect(await ask("a")).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^key {2}value {2}time\na +1 /) });
  expect(await ask("b")).toMatchObject({ exitCode: 3, stdout: expect.stringMatching(/^no rows\n/) });
});
