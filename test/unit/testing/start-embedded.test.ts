import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { defineApp } from "../../../lib/dsl/app.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import { startEmbedded } from "../../../lib/testing/start-embedded.ts";

const app = defineApp({ id: "words" }, (builder) => {
  builder
    .stream("lines", { key: string(), value: string() })
    .groupBy((_key, word) => word, { key: string() })
    .count({ store: "counts" })
    .toStream()
    .to("out", { key: string(), value: int64() });
});

const line = (value: string) => ({ key: value, value, timestampMs: 5 });

test("runs several partitions through a repartition topic, and answers from the table", async () => {
  await using running = await startEmbedded({ app, topics: { lines: 3, out: 2 } });
  await running.write("lines", ["a", "b", "a", "c", "a"].map(line));
  await running.caughtUp();
  const last = new Map((await running.read<string, number>("out")).map(({ key, value }) => [key, value] as const));
  expect(Object.fromEntries(last)).toEqual({ a: 3, b: 1, c: 1 });
  const { rows } = await (await running.tables()).get("counts").range();
  expect(rows).toEqual([
    { key: "a", value: 3, timestampMs: 5 },
    { key: "b", value: 1, timestampMs: 5 },
    { key: "c", value: 1, timestampMs: 5 },
  ]);
});

test("a killed worker costs nothing", async () => {
  await using running = await startEmbedded({ app });
  await running.write("lines", [line("a")]);
  await running.caughtUp();
  const [worker = ""] = await running.platform.launcher.list();
  expect(await running.platform.launcher.kill(worker)).toBe(true);
  await running.write("lines", [line("a")]);
  await running.caughtUp();
  expect((await running.read<string, number>("out")).map(({ value }) => value)).toEqual([1, 2]);
});

test("continues from a folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-embedded-"));
  try {
    for (const run of [1, 2]) {
      await using running = await startEmbedded({ app, folder });
      await running.write("lines", [line("a")]);
      await running.caughtUp();
      expect(await (await running.tables()).get("counts").get("a")).toMatchObject({ row: { value: run } });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a start that fails leaves the folder to the next one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-embedded-"));
  try {
    await expect(startEmbedded({ app, folder, topics: { lines: 0 } })).rejects.toThrow("INVALID_PARTITIONS");
    await (await startEmbedded({ app, folder })).stop();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a write that is refused writes nothing, and holds nothing back", async () => {
  await using running = await startEmbedded({ app, topics: { lines: 4 } });
  const tomorrow = { ...line("f"), timestampMs: Date.now() + 86_400_000 };
  await expect(running.write("lines", [...["a", "b", "c", "d", "e"].map(line), tomorrow])).rejects.toMatchObject({
    code: "TIMESTAMP_INVALID",
  });
  await running.write("lines", ["a", "b", "c", "d", "e"].map(line));
  const deadlineMs = performance.now() + 4_000;
  for (let found = 0; found < 5; ) {
    expect(performance.now()).toBeLessThan(deadlineMs);
    found = (await running.read("out")).length;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect((await running.read<string, number>("out")).map(({ value }) => value)).toEqual([1, 1, 1, 1, 1]);
});

test("a worker has all of a global table before its pins run, follows it, and so does the next one", async () => {
  const text = { key: string(), value: string() };
  const joining = defineApp({ id: "joining" }, (builder) => {
    const names = builder.globalTable("names", text);
    builder
      .stream("in", text)
      .leftJoin(
        names,
        (_key, value) => value,
        (value, name) => `${value}=${name}`,
      )
      .to("out", text);
  });
  await using running = await startEmbedded({ app: joining, topics: { in: 2, names: 3 } });
  const keys = ["a", "b", "c", "d", "e", "f"];
  await running.write(
    "names",
    keys.map((key) => ({ key, value: key.toUpperCase(), timestampMs: 1 })),
  );
  await running.write("in", keys.map(line));
  await running.caughtUp();
  const values = async (): Promise<readonly string[]> =>
    (await running.read<string, string>("out")).map(({ value }) => String(value)).sort();
  expect(await values()).toEqual(["a=A", "b=B", "c=C", "d=D", "e=E", "f=F"]);
  const [worker = ""] = await running.platform.launcher.list();
  await running.platform.launcher.kill(worker);
  await running.write("names", [{ key: "a", value: "new", timestampMs: 2 }]);
  await running.write("in", [line("a"), line("b")]);
  await running.caughtUp();
  expect((await values()).filter((value) => /^[ab]=/.test(value))).toEqual(["a=A", "a=new", "b=B", "b=B"]);
});

test("says which records wait when it does not get there", async () => {
  const failing = defineApp({ id: "failing" }, (builder) => {
    builder
      .stream("in", { key: string(), value: string() })
      .mapValues((): string => {
        throw new Error("no");
      })
      .to("out", { value: string() });
  });
  await using running = await startEmbedded({ app: failing });
  await running.write("in", [line("a")]);
  await expect(running.caughtUp({ timeoutMs: 300 })).rejects.toMatchObject({
    code: "DEADLINE_EXCEEDED",
    message: "DEADLINE_EXCEEDED: in:0 has unprocessed records after 300 ms",
  });
});
