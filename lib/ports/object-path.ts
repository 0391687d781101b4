import { invariant } from "../core/errors.ts";
import type { ByteRange } from "./object-store.ts";

/** S3's limit. */
const PATH_MAX_BYTES = 1024;

/**
 * Checks an object path: relative, without empty parts, `.` or `..`, at most 1024 bytes. So no path leads out of a folder,
 * and every adapter takes the same ones.
 *
 * @throws {StreamError} `INVARIANT_BROKEN`
 */
export function assertObjectPath(path: string): void {
  const parts = path.split("/");
  const safe = parts.every((part) => part !== "" && part !== "." && part !== ".." && !part.includes("\0"));
  invariant(
    safe && Buffer.byteLength(path) <= PATH_MAX_BYTES,
    "objects: a path is relative and has no dots or empty parts",
    {
      path: path.slice(0, 200),
    },
  );
}

/** Checks a range: whole numbers, not empty. @throws {StreamError} `INVARIANT_BROKEN` */
export function assertByteRange(range: ByteRange): void {
  const numbers = "suffix" in range ? [range.suffix, 1] : [range.length, range.start + 1];
  invariant(
    numbers.every((value) => Number.isSafeInteger(value) && value > 0),
    "objects: a range has a start of at least 0 and a length of at least 1",
    { ...range },
  );
}

/** Where a range lies in an object: `[start, end)`, cut off at the object's ends. */
export function placeRange(range: ByteRange, sizeBytes: number): { readonly start: number; readonly end: number } {
  if ("suffix" in range) return { start: Math.max(0, sizeBytes - range.suffix), end: sizeBytes };
  const start = Math.min(range.start, sizeBytes);
  return { start, end: Math.min(start + range.length, sizeBytes) };
}
