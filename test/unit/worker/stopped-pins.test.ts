import { expect, test } from "vitest";
import { StreamError } from "../../../lib/core/errors.ts";
import { StoppedPins } from "../../../lib/worker/stopped-pins.ts";

const poison = new StreamError("PROCESSING_FAILED", "x");
const gap = new StreamError("CHANGELOG_GAP", "y");

test("a stopped pin is left alone and reported until the plan takes it away", () => {
  const stopped = new StoppedPins();
  stopped.add(3, poison);
  stopped.follow([3, 4]);
  expect([stopped.has(3), stopped.report()]).toEqual([true, [{ pin: 3, code: "PROCESSING_FAILED" }]]);
  stopped.follow([4]);
  expect([stopped.has(3), stopped.report()]).toEqual([false, []]);
});

test("the last error of every pin is kept for the summary", () => {
  const stopped = new StoppedPins();
  stopped.add(3, poison);
  stopped.add(4, poison);
  stopped.follow([]);
  stopped.add(3, gap);
  expect(stopped.errors()).toEqual([
    { pin: 3, error: gap },
    { pin: 4, error: poison },
  ]);
});
