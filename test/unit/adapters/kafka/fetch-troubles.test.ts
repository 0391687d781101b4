import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Troubles } from "../../../../lib/adapters/kafka/fetch-troubles.ts";
import { partitionKey } from "../../../../lib/core/ids.ts";
import { LogError } from "../../../../lib/ports/log.ts";

const key = partitionKey("in", 0);
const trouble = new LogError("LEADER_NOT_AVAILABLE", "in-0 has no leader");

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

test("trouble is told when it has lasted as long as patience does", () => {
  const troubles = new Troubles(10_000);
  const told: boolean[] = [];
  for (let second = 0; second <= 10; second += 5) {
    told.push(troubles.judge(key, trouble) !== undefined);
    vi.advanceTimersByTime(5_000);
  }
  expect(told).toEqual([false, false, true]);
});

test("trouble of long ago, after which nobody read the partition, is not that of now", () => {
  const troubles = new Troubles(10_000);
  expect(troubles.judge(key, trouble)).toBeUndefined();
  vi.advanceTimersByTime(3_600_000);
  expect(troubles.judge(key, trouble)).toBeUndefined();
  vi.advanceTimersByTime(10_000);
  expect(troubles.judge(key, trouble)).toBe(trouble);
});
