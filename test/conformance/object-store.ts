import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ObjectInfo, ObjectStore } from "../../lib/ports/object-store.ts";

/** An adapter and the place that its stores share. */
export interface ObjectStoreSubject {
  /** A store on the same place each time. */
  open(): ObjectStore;
  /** Objects for the listing that needs several pages. */
  readonly manyObjects: number;
  close(): Promise<void>;
}

const bytes = (text: string): Buffer => Buffer.from(text, "utf8");
const text = (body: Uint8Array | undefined): string | undefined =>
  body === undefined ? undefined : Buffer.from(body).toString("utf8");

async function all(listing: AsyncIterable<ObjectInfo>): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const info of listing) found.push(info);
  return found;
}

const paths = async (objects: ObjectStore, prefix: string) => (await all(objects.list(prefix))).map(({ path }) => path);

/** The contract of `ObjectStore`, run against one adapter. */
export function objectStoreContract(name: string, start: () => Promise<ObjectStoreSubject>): void {
  describe(`object store contract on ${name}`, () => {
    let subject: ObjectStoreSubject;
    let objects: ObjectStore;
    let folder = "";
    let cases = 0;
    beforeAll(async () => {
      subject = await start();
    });
    afterAll(() => subject.close());
    beforeEach(() => {
      objects = subject.open();
      folder = `case-${cases++}/`;
    });
    const at = (path: string) => folder + path;

    createCases();
    readCases();
    listCases();
    pathCases();

    function createCases(): void {
      test("what was created is read", async () => {
        expect(await objects.create(at("a"), bytes("one"))).toEqual({ kind: "created" });
        expect(text(await objects.read(at("a")))).toBe("one");
      });

      test("a second create answers the body that is there and changes nothing", async () => {
        await objects.create(at("a"), bytes("one"));
        const outcome = await objects.create(at("a"), bytes("two"));
        expect(outcome.kind === "exists" && text(outcome.body)).toBe("one");
        expect(text(await objects.read(at("a")))).toBe("one");
      });

      test("a create with the same body is no exception: it exists, and the caller compares", async () => {
        await objects.create(at("a"), bytes("same"));
        const outcome = await objects.create(at("a"), bytes("same"));
        expect(outcome.kind === "exists" && text(outcome.body)).toBe("same");
      });

      test("one of many racing creates wins, and everyone else is told the winner's body", async () => {
        for (let round = 0; round < 4; round++) {
          const writers = Array.from({ length: 12 }, (_, i) => ({
            store: subject.open(),
            body: `writer ${i} `.repeat(500),
          }));
          const outcomes = await Promise.all(
            writers.map(({ store, body }) => store.create(at(`race-${round}`), bytes(body))),
          );
          const winners = writers.filter((_, i) => outcomes[i]?.kind === "created");
          expect(winners.length).toBe(1);
          const seen = outcomes.flatMap((outcome) => (outcome.kind === "exists" ? [text(outcome.body)] : []));
          expect(new Set(seen)).toEqual(new Set([winners[0]?.body]));
        }
      });

      test("a reader sees nothing or the whole body, never a part", async () => {
        const body = Buffer.alloc(1_000_000, 7);
        const creating = objects.create(at("large"), body);
        const seen = await Promise.all(Array.from({ length: 5 }, () => subject.open().read(at("large"))));
        await creating;
        expect(seen.filter((found) => found !== undefined && found.length !== body.length)).toEqual([]);
      });

      test("a body of three megabytes comes back bit by bit", async () => {
        const body = Buffer.alloc(3_000_000);
        for (let i = 0; i < body.length; i++) body[i] = (i * 31) ^ (i >> 8);
        await objects.create(at("large"), body);
        expect(body.equals((await objects.read(at("large"))) as Uint8Array)).toBe(true);
        const part = await objects.readRange(at("large"), { start: 1_234_567, length: 100_000 });
        expect(body.subarray(1_234_567, 1_334_567).equals(part as Uint8Array)).toBe(true);
      });

      test("an empty object exists", async () => {
        expect(await objects.create(at("empty"), bytes(""))).toEqual({ kind: "created" });
        expect((await objects.read(at("empty")))?.length).toBe(0);
        const outcome = await objects.create(at("empty"), bytes("x"));
        expect(outcome.kind === "exists" && outcome.body.length).toBe(0);
      });

      test("callers may reuse what they gave and change what they got", async () => {
        const given = bytes("one");
        await objects.create(at("a"), given);
        given.fill(0);
        const got = (await objects.read(at("a"))) as Uint8Array;
        got.fill(0);
        ((await objects.readRange(at("a"), { start: 0, length: 3 })) as Uint8Array).fill(0);
        expect(text(await objects.read(at("a")))).toBe("one");
      });

      test("another store on the same place sees it at once", async () => {
        await objects.create(at("a"), bytes("one"));
        expect(text(await subject.open().read(at("a")))).toBe("one");
        expect(await paths(subject.open(), folder)).toEqual([at("a")]);
      });
    }

    function readCases(): void {
      test("an object that does not exist is undefined, in whole and in part", async () => {
        expect(await objects.read(at("none"))).toBeUndefined();
        expect(await objects.readRange(at("none"), { start: 0, length: 1 })).toBeUndefined();
        expect(await objects.readRange(at("none"), { suffix: 1 })).toBeUndefined();
      });

      test.for([
        { range: { start: 0, length: 1 }, want: "0" },
        { range: { start: 0, length: 10 }, want: "0123456789" },
        { range: { start: 3, length: 4 }, want: "3456" },
        { range: { start: 9, length: 1 }, want: "9" },
        { range: { start: 8, length: 100 }, want: "89" },
        { range: { start: 10, length: 1 }, want: "" },
        { range: { start: 500, length: 5 }, want: "" },
        { range: { suffix: 1 }, want: "9" },
        { range: { suffix: 4 }, want: "6789" },
        { range: { suffix: 10 }, want: "0123456789" },
        { range: { suffix: 11 }, want: "0123456789" },
        { range: { suffix: 65_536 }, want: "0123456789" },
      ])("range $range of ten digits is '$want'", async ({ range, want }) => {
        await objects.create(at("digits"), bytes("0123456789"));
        expect(text(await objects.readRange(at("digits"), range))).toBe(want);
      });

      test.for([{ start: 0, length: 1 }, { suffix: 1 }])("range %o of an empty object is empty", async (range) => {
        await objects.create(at("empty"), bytes(""));
        expect((await objects.readRange(at("empty"), range))?.length).toBe(0);
      });

      test.for([
        { start: 0, length: 0 },
        { start: -1, length: 1 },
        { start: 0.5, length: 1 },
        { suffix: 0 },
        { suffix: Number.NaN },
      ])("range %o is refused", async (range) => {
        await expect(objects.readRange(at("a"), range)).rejects.toMatchObject({ code: "INVARIANT_BROKEN" });
      });

      test("many reads at once answer each its own part", async () => {
        await objects.create(at("digits"), bytes("0123456789"));
        const parts = Array.from({ length: 30 }, (_, i) => i % 10);
        const got = await Promise.all(parts.map((start) => objects.readRange(at("digits"), { start, length: 1 })));
        expect(got.map(text)).toEqual(parts.map(String));
      });
    }

    function listCases(): void {
      test("a prefix without objects lists nothing", async () => {
        expect(await paths(objects, at("none/"))).toEqual([]);
      });

      test("lists everything below a prefix in byte order, with sizes", async () => {
        for (const path of ["b", "a/2", "a", "a-1", "a/10", "c/d/e"])
          await objects.create(at(`${path}.x`), bytes(path));
        const found = await all(objects.list(folder));
        expect(found.map(({ path, sizeBytes }) => [path.slice(folder.length), sizeBytes])).toEqual([
          ["a-1.x", 3],
          ["a.x", 1],
          ["a/10.x", 4],
          ["a/2.x", 3],
          ["b.x", 1],
          ["c/d/e.x", 5],
        ]);
      });

      test.for([
        { prefix: "a", want: ["a/1", "a/2", "ab/1"] },
        { prefix: "a/", want: ["a/1", "a/2"] },
        { prefix: "a/1", want: ["a/1"] },
        { prefix: "ab", want: ["ab/1"] },
        { prefix: "b", want: [] },
      ])("prefix '$prefix' is text, not a folder: $want", async ({ prefix, want }) => {
        for (const path of ["a/1", "a/2", "ab/1"]) await objects.create(at(path), bytes("x"));
        expect(await paths(objects, at(prefix))).toEqual(want.map(at));
      });

      test("says when an object was made, in whole milliseconds", async () => {
        await objects.create(at("a"), bytes("x"));
        const [info] = await all(objects.list(folder));
        expect(Number.isInteger(info?.modifiedAtMs)).toBe(true);
      });

      test("lists many objects, each once and in order, over all pages", async () => {
        const want = Array.from({ length: subject.manyObjects }, (_, i) => at(`many/${String(i).padStart(6, "0")}`));
        for (let from = 0; from < want.length; from += 50) {
          await Promise.all(want.slice(from, from + 50).map((path) => objects.create(path, bytes("x"))));
        }
        expect(await paths(objects, at("many/"))).toEqual(want);
      });

      test("a listing may be left in the middle", async () => {
        for (const path of ["a", "b", "c"]) await objects.create(at(path), bytes(path));
        for await (const { path } of objects.list(folder)) {
          expect(path).toBe(at("a"));
          break;
        }
        expect(await paths(objects, folder)).toEqual([at("a"), at("b"), at("c")]);
      });

      test("a deleted object is gone, and its path is free again", async () => {
        await objects.create(at("a"), bytes("one"));
        await objects.delete(at("a"));
        expect(await objects.read(at("a"))).toBeUndefined();
        expect(await paths(objects, folder)).toEqual([]);
        expect(await objects.create(at("a"), bytes("two"))).toEqual({ kind: "created" });
        expect(text(await objects.read(at("a")))).toBe("two");
      });

      test("deleting what is not there is fine", async () => {
        await objects.delete(at("none"));
        await objects.delete(at("no/such/folder/none"));
        expect(await paths(objects, folder)).toEqual([]);
      });
    }

    function pathCases(): void {
      test.for([
        "stock-trades/g1/pin-3/0000000000000007-000000000012-5f0c.snap",
        "with space",
        "plus+plus",
        "100%",
        "%41",
        "a&b=c?d#e",
        "quote'quote\"",
        "umlaut-ü-日本-🚀",
        "Upper.Case",
        ".hidden",
        "trailing.",
        "a..b",
        "(parens)[brackets]{braces}",
        "comma,semi;colon:at@dollar$",
        "star*pipe|less<",
        "x".repeat(200),
      ])("path part '%s' is as good as any", async (part) => {
        await objects.create(at(`${part}/${part}`), bytes(part));
        expect(text(await objects.read(at(`${part}/${part}`)))).toBe(part);
        expect(text(await objects.readRange(at(`${part}/${part}`), { suffix: 4_096 }))).toBe(part);
        expect(await paths(objects, folder)).toEqual([at(`${part}/${part}`)]);
        expect(await paths(objects, at(`${part}/`))).toEqual([at(`${part}/${part}`)]);
        await objects.delete(at(`${part}/${part}`));
        expect(await paths(objects, folder)).toEqual([]);
      });

      test("paths that differ in case are different objects", async () => {
        await objects.create(at("Name"), bytes("upper"));
        expect(await objects.create(at("name"), bytes("lower"))).toEqual({ kind: "created" });
        expect(text(await objects.read(at("Name")))).toBe("upper");
      });

      test.for(["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a/..", "a\0b", "x".repeat(1_025)])(
        "path '%s' is refused by every call",
        async (path) => {
          const refused = { code: "INVARIANT_BROKEN" };
          await expect(objects.create(path, bytes("x"))).rejects.toMatchObject(refused);
          await expect(objects.read(path)).rejects.toMatchObject(refused);
          await expect(objects.readRange(path, { suffix: 1 })).rejects.toMatchObject(refused);
          await expect(objects.delete(path)).rejects.toMatchObject(refused);
        },
      );
    }
  });
}
