/**
 * Stored bytes do not change by accident: what old versions wrote must be read for ever. A wanted change of a format needs
 * a new version number, a new golden file beside the old one, and a line in docs/formats/snapshot.md.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readManifest } from "../../../lib/snapshot/object.ts";
import { readSegment } from "../../../lib/snapshot/segment-reader.ts";
import { rows, sampleObject, sampleSegment } from "./sample.ts";

const golden = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");
const bytesOf = (name: string) => Buffer.from(golden(name).replace(/\s/g, ""), "hex");
const hexOf = (bytes: Buffer) => bytes.toString("hex").replace(/.{1,64}/g, "$&\n");

test("a segment has the bytes of format 1", () => {
  expect(hexOf(sampleSegment("none"))).toBe(golden("segment-v1.hex"));
});

test.for(["segment-v1.hex", "segment-v1-deflated.hex"])("%s reads as the rows that were written", (name) => {
  const read: unknown[] = [];
  readSegment(bytesOf(name), {
    row: (keyText, bytes, start, length, timestampMs) => {
      read.push([keyText, length < 0 ? undefined : bytes.toString("utf8", start, start + length), timestampMs]);
    },
  });
  expect(read).toEqual(rows);
});

test("a snapshot object has the bytes of format 1", async () => {
  expect(hexOf((await sampleObject()).body)).toBe(golden("object-v1.hex"));
});

test("a manifest has the text of format 1", async () => {
  expect((await sampleObject()).manifest).toBe(golden("manifest-v1.json").trimEnd());
});

test("the manifest of a stored object reads as its text", () => {
  expect(readManifest(bytesOf("object-v1.hex"))).toEqual(JSON.parse(golden("manifest-v1.json")));
});
