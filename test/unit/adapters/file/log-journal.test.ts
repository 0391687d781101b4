import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLogJournal } from "../../../../lib/adapters/file/log-journal.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";
import { Rig, send } from "../memory/log/rig.ts";

let folder: string;
let clock: VirtualClock;
let rigs: Rig[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-journal-"));
  clock = new VirtualClock();
  rigs = [];
});

afterEach(() => {
  for (const rig of rigs) rig.broker.close();
  rmSync(folder, { recursive: true });
});

/** A broker over the folder; the one before it is ended. */
function reopen(in_ = folder): Rig {
  rigs.at(-1)?.broker.close();
  const rig = new Rig({ journal: openLogJournal(in_), clock });
  rigs.push(rig);
  return rig;
}

const journalFiles = () =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".journal"))
    .sort();
const lastFile = () => join(folder, journalFiles().at(-1) ?? "");

describe("a reopened log", () => {
  test("has topics, records, offsets and topic ids as they were", async () => {
    const before = reopen();
    await before.topic({ "max.message.bytes": "5000" });
    await before.write("app-0", [{ key: "k", value: "v", headers: [{ key: "h", value: null }] }]);
    await (await before.open("app-1", ["gone"])).abort();
    await before.log.commitOffsets("g", new Map([["t:0", 3]]));
    await before.log.deleteRecords(new Map([["t:0", 1]]));
    const described = await before.log.describe(["t"]);
    const rows = await before.rows(1);

    const after = reopen();
    expect(await after.log.describe(["t"])).toEqual(described);
    expect(await after.rows(1)).toEqual(rows);
    expect([await after.offset("earliest"), await after.offset("lso"), await after.offset("hw")]).toEqual([1, 4, 4]);
    expect((await after.log.committed("g", [{ topic: "t", partition: 0 }])).get("t:0")).toBe(3);
  });

  test("still has the open transaction of a dead process: it holds readers back until a takeover ends it", async () => {
    const before = reopen();
    await before.topic();
    await before.open("app-0", ["open"]);
    const after = reopen();
    expect([await after.offset("lso"), await after.offset("hw")]).toEqual([0, 1]);
    await after.transactor("app-0");
    expect([await after.offset("lso"), await after.offset("hw")]).toEqual([2, 2]);
    expect(await after.values()).toEqual([]);
  });

  test("ends that transaction by its timeout when nobody takes over", async () => {
    const before = reopen();
    await before.topic();
    await before.open("app-0", ["open"]);
    const after = reopen();
    await clock.sleep(10_001);
    expect(await after.offset("lso")).toBe(2);
  });

  test("keeps fencing: epochs go on", async () => {
    const before = reopen();
    await before.topic();
    const old = await before.transactor("app-0");
    const after = reopen();
    const fresh = await after.transactor("app-0");
    expect([fresh.producerId, fresh.producerEpoch]).toEqual([old.producerId, old.producerEpoch + 1]);
    expect((await after.transactor("app-1")).producerId).toBe(old.producerId + 1);
  });

  test("writes the markers that were not written when the process died after EndTxn", async () => {
    const dying = new Rig({ journal: openLogJournal(folder), clock, settings: { markerDelayMs: 1_000 } });
    await dying.topic();
    const transactor = await dying.open("app-0", ["landed"]);
    await transactor.sendOffsets("g", new Map([["t:0", 9]]));
    await transactor.commit();
    dying.broker.close();
    const after = reopen();
    expect(await after.values()).toEqual(["landed"]);
    expect((await after.log.committed("g", [{ topic: "t", partition: 0 }])).get("t:0")).toBe(9);
  });

  test("has compacted partitions as they were", async () => {
    const before = reopen();
    await before.topic();
    for (const value of ["1", "2", "3"]) await before.write(`app-${value}`, [{ key: "k", value }]);
    before.broker.compact("t");
    const rows = await before.rows();
    const after = reopen();
    expect(await after.rows()).toEqual(rows);
    await after.write("app-1", [{ key: "k", value: "4" }]);
    expect((await after.values()).at(-1)).toBe("4");
  });

  test("goes on writing behind what is there, life after life", async () => {
    await reopen().topic();
    for (let life = 0; life < 4; life++) await reopen().write("app-0", [`${life}`]);
    expect(await reopen().values()).toEqual(["0", "1", "2", "3"]);
  });
});

describe("a crash", () => {
  test("at any byte leaves a state that the broker was in: a commit is there whole or not at all", async () => {
    const before = reopen();
    await before.topic();
    const transactor = await before.transactor("app-0");
    for (let i = 0; i < 3; i++) {
      transactor.begin();
      await send(transactor, [`${i}a`, `${i}b`]);
      await transactor.commit();
    }
    before.broker.close();
    const whole = readFileSync(lastFile());
    const path = lastFile();
    let most = 0;
    for (let length = 0; length <= whole.length; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      const rig = new Rig({ journal: openLogJournal(folder), clock });
      const exists = (await rig.log.describe(["t"])).has("t");
      if (exists) {
        await rig.transactor("app-0");
        const values = await rig.values();
        expect(values).toEqual(["0a", "0b", "1a", "1b", "2a", "2b"].slice(0, values.length));
        expect(values.length % 2).toBe(0);
        expect(values.length).toBeGreaterThanOrEqual(most);
        most = values.length;
      }
      rig.broker.close();
    }
    expect(most).toBe(6);
  });

  test("that left half an entry is repaired: the next life writes over it", async () => {
    const before = reopen();
    await before.topic();
    await before.write("app-0", ["a"]);
    before.broker.close();
    appendFileSync(lastFile(), Buffer.from([0, 0, 1, 0, 1, 2, 3]));
    await reopen().write("app-0", ["b"]);
    expect(await reopen().values()).toEqual(["a", "b"]);
  });

  test("while a file was made leaves an empty one that is used", async () => {
    const before = reopen();
    await before.topic();
    before.broker.close();
    writeFileSync(join(folder, "000002.journal"), "MR");
    await reopen().write("app-0", ["a"]);
    expect(await reopen().values()).toEqual(["a"]);
  });
});

describe("damage that no crash makes", () => {
  test("in a file that others follow stops the start and names the place", async () => {
    const before = reopen();
    await before.topic();
    await before.write("app-0", ["a"]);
    before.broker.close();
    const path = lastFile();
    writeFileSync(join(folder, "000002.journal"), readFileSync(path).subarray(0, 8));
    truncateSync(path, statSync(path).size - 3);
    expect(() => openLogJournal(folder).replay(() => undefined)).toThrow(
      expect.objectContaining({
        code: "CORRUPT_JOURNAL",
        details: expect.objectContaining({ file: "000001.journal" }),
      }),
    );
  });

  test("such as a file that is missing stops the start", async () => {
    await reopen().topic();
    rigs.at(-1)?.broker.close();
    renameSync(join(folder, "000001.journal"), join(folder, "000002.journal"));
    expect(() => reopen()).toThrow(
      expect.objectContaining({ code: "CORRUPT_JOURNAL", details: { folder, file: "000002.journal", at: 0 } }),
    );
  });

  test("or a journal of another version is refused", () => {
    writeFileSync(join(folder, "000001.journal"), "MRJRNL\0\x02 something");
    expect(() => openLogJournal(folder).replay(() => undefined)).toThrow(
      expect.objectContaining({ code: "CORRUPT_JOURNAL" }),
    );
  });
});

describe("the folder", () => {
  test("belongs to one broker at a time", () => {
    reopen();
    const link = join(folder, "link");
    symlinkSync(folder, link);
    for (const name of [folder, `${folder}/.`, link]) {
      expect(() => openLogJournal(name)).toThrow(expect.objectContaining({ code: "FOLDER_IN_USE" }));
    }
  });

  test("is free again when its journal cannot be read", () => {
    writeFileSync(join(folder, "000001.journal"), "something else");
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => reopen()).toThrow(expect.objectContaining({ code: "CORRUPT_JOURNAL" }));
    }
  });

  test("of a dead process is taken over", async () => {
    writeFileSync(join(folder, "lock-7"), "999999999");
    await reopen().topic();
  });

  test("is made when it is not there", async () => {
    const nested = join(folder, "a", "b");
    await reopen(nested).topic();
    expect(readdirSync(nested)).toContain("000001.journal");
  });

  test("is rewritten at open when most of it is of no use any more", async () => {
    const before = reopen();
    await before.topic();
    const value = Buffer.alloc(900_000, "x");
    for (let i = 0; i < 40; i++) await before.write("app-0", [{ key: `${i}`, value }]);
    await before.open("app-1", ["open"]);
    await before.log.commitOffsets("g", new Map([["t:1", 5]]));
    await before.log.deleteRecords(new Map([["t:0", 78]]));

    const rewritten = reopen();
    expect(journalFiles()).toEqual(["000002.base.journal"]);
    expect(statSync(lastFile()).size).toBeLessThan(3_000_000);
    expect([await rewritten.offset("earliest"), await rewritten.offset("lso"), await rewritten.offset("hw")]).toEqual([
      78, 80, 81,
    ]);
    expect((await rewritten.rows(78)).map(({ offset }) => offset)).toEqual([78]);
    expect((await rewritten.log.committed("g", [{ topic: "t", partition: 1 }])).get("t:1")).toBe(5);
    await rewritten.transactor("app-1");
    await rewritten.write("app-0", ["next"]);
    const again = reopen();
    expect((await again.rows(79)).map(({ value: text }) => text?.toString())).toEqual(["next"]);
  });
});
