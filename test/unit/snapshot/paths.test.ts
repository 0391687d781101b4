import { expect, test } from "vitest";
import { createMemoryObjectStore } from "../../../lib/adapters/memory/object-store.ts";
import { epochsOfObjects, parseSnapshotPath, pinPrefix, snapshotPath } from "../../../lib/snapshot/paths.ts";

const identity = { applicationId: "stock-trades", generation: 2, pin: 13, epoch: 255, version: 12, writer: "5f0c" };

test("a path has epoch and version in front, so that a listing is in their order", () => {
  expect(snapshotPath(identity)).toBe("stock-trades/g2/pin-13/00000000000000ff-000000000012-5f0c.snap");
  const older = snapshotPath({ ...identity, epoch: 16, version: 999_999 });
  expect(older < snapshotPath(identity)).toBe(true);
});

test("a path reads back as what it was made of", () => {
  expect(parseSnapshotPath(snapshotPath(identity))).toEqual(identity);
  const largest = { ...identity, epoch: Number.MAX_SAFE_INTEGER, version: 999_999_999_999 };
  expect(parseSnapshotPath(snapshotPath(largest))).toEqual(largest);
});

test.for([
  "",
  "stock-trades/g2/pin-13/",
  "stock-trades/g2/pin-13/ff-12-5f0c.snap",
  "stock-trades/g2/pin-13/00000000000000ff-000000000012-5f0c.tmp",
  "../g2/pin-13/00000000000000ff-000000000012-5f0c.snap",
  "a/b/g2/pin-13/00000000000000ff-000000000012-5f0c.snap",
  "stock-trades/g2/pin-13/00000000000000FF-000000000012-5f0c.snap",
])("'%s' is no snapshot's path", (path) => {
  expect(parseSnapshotPath(path)).toBeUndefined();
});

test.for(["", "a/b", "..", "with space", "ü"])("application id '%s' cannot go into a path", (applicationId) => {
  expect(() => pinPrefix({ ...identity, applicationId })).toThrow(/INVARIANT_BROKEN/);
});

test.for([{ version: 1_000_000_000_000 }, { epoch: -1 }, { writer: "a-b" }, { writer: "" }])(
  "%o cannot go into a path",
  (part) => {
    expect(() => snapshotPath({ ...identity, ...part })).toThrow(/INVARIANT_BROKEN/);
  },
);

test("epochs of a pin's objects are found, each once, and nobody else's", async () => {
  const objects = createMemoryObjectStore();
  const create = (part: Partial<typeof identity>) =>
    objects.create(snapshotPath({ ...identity, ...part }), Buffer.from("x"));
  for (const [i, epoch] of [300, 7, 300].entries()) await create({ epoch, writer: `w${i}` });
  await create({ epoch: 999, pin: 1 });
  await create({ epoch: 999, generation: 1 });
  await objects.create("stock-trades/g2/pin-13/readme", Buffer.from("x"));
  expect(await epochsOfObjects(objects, identity)).toEqual([7, 300]);
});
