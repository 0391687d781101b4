import { expect, test } from "vitest";
import { keepOpen } from "../../../functions/shared/keep-open.ts";
import { StreamError } from "../../../lib/core/errors.ts";

/** Opens numbered things and remembers which were closed. */
function numbered() {
  const closed: number[] = [];
  let opened = 0;
  const kept = keepOpen(async () => {
    const number = ++opened;
    return { number, [Symbol.asyncDispose]: async () => void closed.push(number) };
  });
  return { kept, closed };
}

test("opens once for many invocations", async () => {
  const { kept, closed } = numbered();
  expect(await kept.use(async ({ number }) => number)).toBe(1);
  expect(await kept.use(async ({ number }) => number)).toBe(1);
  expect(closed).toEqual([]);
});

test.for([
  { failure: new StreamError("QUERY_INVALID", "no"), next: 1, closes: [] },
  { failure: new StreamError("STORE_UNKNOWN", "no"), next: 1, closes: [] },
  { failure: new StreamError("BROKER_UNREACHABLE", "gone"), next: 2, closes: [1] },
  { failure: new Error("socket hang up"), next: 2, closes: [1] },
])("after $failure.message the next invocation has number $next", async ({ failure, next, closes }) => {
  const { kept, closed } = numbered();
  await expect(kept.use(() => Promise.reject(failure))).rejects.toBe(failure);
  expect(closed).toEqual(closes);
  expect(await kept.use(async ({ number }) => number)).toBe(next);
});

test("tells the first failure when closing fails as well", async () => {
  const kept = keepOpen(async () => ({ [Symbol.asyncDispose]: () => Promise.reject(new Error("cannot close")) }));
  await expect(kept.use(() => Promise.reject(new Error("first")))).rejects.toThrow("first");
});

test("tries to open again after it could not be opened", async () => {
  let tries = 0;
  const kept = keepOpen(async () => {
    if (++tries === 1) throw new Error("not yet");
    return { [Symbol.asyncDispose]: async () => {} };
  });
  await expect(kept.use(async () => 0)).rejects.toThrow("not yet");
  expect(await kept.use(async () => tries)).toBe(2);
});
