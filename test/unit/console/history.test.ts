import { expect, test } from "vitest";
import { History, sampleOf } from "../../../lib/console/history.ts";
import { consoleState } from "./fake-console.ts";

test("keeps the newest samples, oldest first", () => {
  const history = new History(3);
  for (let atMs = 1; atMs <= 8; atMs += 1) history.add(sampleOf(consoleState({ nowMs: atMs })));
  expect(history.samples().map((sample) => sample.atMs)).toEqual([6, 7, 8]);
});

test("a sample counts workers by status; an unknown lag stays unknown", () => {
  const worker = consoleState().workers[0];
  const workers = (["ready", "starting", "ready", "dead", "draining", "stopped"] as const).map((status, index) => ({
    ...(worker ?? expect.fail("the fake has a worker")),
    id: `w${index}`,
    status,
  }));
  expect(sampleOf(consoleState({ workers }))).toEqual({
    atMs: 1_000,
    inPerSecond: 10,
    processedPerSecond: 9,
    lagByPartition: [1, null],
    ready: 2,
    starting: 1,
    draining: 1,
  });
});
