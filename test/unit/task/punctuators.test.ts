import { inspect } from "node:util";
import { beforeEach, describe, expect, test } from "vitest";
import { Punctuators } from "../../../lib/task/punctuators.ts";
import type { ScheduleOptions } from "../../../lib/topology/punctuation.ts";
import { errorOf } from "../../support/error-of.ts";

let streamTimeMs = -1;
let nowMs = 0;
let stored: Map<string, number>;
let fired: [name: string, atMs: number][];
let punctuators: Punctuators;

beforeEach(() => {
  streamTimeMs = -1;
  nowMs = 0;
  stored = new Map();
  fired = [];
  punctuators = new Punctuators({
    stored: (id) => stored.get(id),
    streamTimeMs: () => streamTimeMs,
    nowMs: () => nowMs,
  });
});

const note = (name: string) => (atMs: number) => void fired.push([name, atMs]);

/** Schedules while processors start, as `init` does. */
function start(...all: readonly ScheduleOptions[]): void {
  punctuators.restart(() => {
    for (const options of all) punctuators.schedule("node", options, note(options.name ?? "p"));
  });
}

/** What the next owner finds: the due times of the last commit. */
function restart(...all: readonly ScheduleOptions[]): void {
  stored = new Map(punctuators.dueTimes());
  start(...all);
}

function reach(timeMs: number): typeof fired {
  fired = [];
  streamTimeMs = timeMs;
  punctuators.punctuateStreamTime(100);
  return fired;
}

function wait(timeMs: number): typeof fired {
  fired = [];
  nowMs = timeMs;
  punctuators.punctuateWallClock(100);
  return fired;
}

describe("stream time", () => {
  test("is due at the first record, then on multiples of the interval; missed ticks are one call", () => {
    start({ interval: 1000, type: "streamTime" });
    expect(reach(1_500)).toEqual([["p", 1_500]]);
    expect(reach(1_999)).toEqual([]);
    expect(reach(2_000)).toEqual([["p", 2_000]]);
    expect(reach(5_700)).toEqual([["p", 5_700]]);
    expect(reach(6_000)).toEqual([["p", 6_000]]);
  });

  test("is not due before the first record", () => {
    start({ interval: 1000, type: "streamTime" });
    expect(reach(-1)).toEqual([]);
  });

  test("what is due first is called first", () => {
    start({ interval: 1000, type: "streamTime", name: "a" }, { interval: 700, type: "streamTime", name: "b" });
    reach(0);
    expect(reach(1_000)).toEqual([
      ["b", 1_000],
      ["a", 1_000],
    ]);
  });

  test("fireAll calls for every missed tick with its own time, but not for those before the first record", () => {
    start({ interval: "1s", type: "streamTime", missed: "fireAll" });
    expect(reach(10_500)).toEqual([["p", 10_500]]);
    expect(reach(13_100).map(([, atMs]) => atMs)).toEqual([11_000, 12_000, 13_000]);
  });

  test("stops after so many calls, and knows that more are due", () => {
    start({ interval: "1s", type: "streamTime", missed: "fireAll" });
    reach(0);
    streamTimeMs = 5_000;
    expect([punctuators.punctuateStreamTime(3), punctuators.isBehind]).toEqual([3, true]);
    expect([punctuators.punctuateStreamTime(3), punctuators.isBehind]).toEqual([2, false]);
  });

  test("goes on after a restart where it was", () => {
    start({ interval: 1000, type: "streamTime" });
    reach(1_500);
    restart({ interval: 1000, type: "streamTime" });
    expect(reach(1_999)).toEqual([]);
    expect(reach(2_100)).toEqual([["p", 2_100]]);
  });
});

describe("wall-clock time", () => {
  test("is due one interval after it is scheduled", () => {
    nowMs = 250;
    start({ interval: 500, type: "wallClockTime" });
    expect(punctuators.nextWallClockMs()).toBe(750);
    expect(wait(749)).toEqual([]);
    expect(wait(1_900)).toEqual([["p", 1_900]]);
    expect(punctuators.nextWallClockMs()).toBe(2_250);
  });

  test.for<[NonNullable<ScheduleOptions["missed"]> | undefined, number[], number]>([
    [undefined, [3_200], 3_500],
    ["fireOnce", [3_200], 3_500],
    ["fireAll", [1_000, 1_500, 2_000, 2_500, 3_000], 3_500],
    ["skip", [], 3_500],
  ])("what passed while nothing ran: %s", ([missed, calls, nextMs]) => {
    const options = { interval: 500, type: "wallClockTime", ...(missed && { missed }) } as const;
    start(options);
    wait(600);
    nowMs = 3_200;
    restart(options);
    expect(wait(3_200).map(([, atMs]) => atMs)).toEqual(calls);
    expect(punctuators.nextWallClockMs()).toBe(nextMs);
  });

  test("a tick that is late while the application runs is called, whatever is to happen to missed ones", () => {
    start({ interval: 500, type: "wallClockTime", missed: "skip" });
    expect(wait(1_700)).toEqual([["p", 1_700]]);
  });
});

describe("what survives a restart", () => {
  test("names keep their due times when the order changes", () => {
    start({ interval: 500, type: "wallClockTime", name: "a" }, { interval: 300, type: "wallClockTime", name: "b" });
    restart({ interval: 300, type: "wallClockTime", name: "b" }, { interval: 500, type: "wallClockTime", name: "a" });
    expect(new Map(punctuators.dueTimes())).toEqual(
      new Map([
        ["node/wallClockTime:a", 500],
        ["node/wallClockTime:b", 300],
      ]),
    );
  });

  test("without a name only those of the start, by their places", () => {
    start({ interval: 500, type: "wallClockTime" }, { interval: 700, type: "wallClockTime" });
    punctuators.schedule("node", { interval: 100, type: "wallClockTime" }, note("later"));
    expect([...punctuators.dueTimes()]).toEqual([
      ["node/wallClockTime:0", 500],
      ["node/wallClockTime:1", 700],
    ]);
  });

  test("scheduled anew outside of the start it starts anew", () => {
    start();
    stored.set("node/wallClockTime:n", 100);
    nowMs = 1_000;
    punctuators.schedule("node", { interval: 500, type: "wallClockTime", name: "n" }, note("n"));
    expect(punctuators.nextWallClockMs()).toBe(1_500);
  });

  test("a cancelled one is forgotten", () => {
    start();
    const one = punctuators.schedule("node", { interval: 500, type: "wallClockTime", name: "n" }, note("n"));
    one.cancel();
    one.cancel();
    expect([...punctuators.dueTimes()]).toEqual([]);
    expect(wait(10_000)).toEqual([]);
  });

  test("nothing is left of one that was cancelled: timers may have names of their own", () => {
    start();
    punctuators.schedule("node", { interval: 500, type: "wallClockTime", name: "once" }, note("n")).cancel();
    expect(inspect(punctuators, { depth: 9 })).not.toContain("once");
  });

  test("cancelled in the start and scheduled again it begins anew", () => {
    stored.set("node/wallClockTime:n", 100);
    nowMs = 1_000;
    const options = { interval: 500, type: "wallClockTime", name: "n" } as const;
    punctuators.restart(() => {
      punctuators.schedule("node", options, note("n")).cancel();
      punctuators.schedule("node", options, note("n"));
    });
    expect(punctuators.nextWallClockMs()).toBe(1_500);
  });
});

describe("with a start time", () => {
  test("is called at it, then on its grid", () => {
    start(
      { interval: 1_000, type: "streamTime", startMs: 2_250, name: "s" },
      { interval: 1_000, type: "wallClockTime", startMs: 2_250, name: "w" },
    );
    expect([reach(2_249), wait(2_249)]).toEqual([[], []]);
    expect([reach(2_250), wait(2_250)]).toEqual([[["s", 2_250]], [["w", 2_250]]]);
    expect([reach(3_249), wait(3_249)]).toEqual([[], []]);
    expect([reach(5_000), wait(5_000)]).toEqual([[["s", 5_000]], [["w", 5_000]]]);
    expect([reach(5_250), wait(5_250)]).toEqual([[["s", 5_250]], [["w", 5_250]]]);
  });

  test("that has passed, it is called at the next tick", () => {
    nowMs = 10_000;
    start({ interval: 1_000, type: "wallClockTime", startMs: 250 });
    expect(wait(10_249)).toEqual([]);
    expect(wait(10_250)).toEqual([["p", 10_250]]);
  });

  test("that has passed just now, it is called now", () => {
    nowMs = 10_250;
    start({ interval: 1_000, type: "wallClockTime", startMs: 10_250 });
    expect(wait(10_250)).toEqual([["p", 10_250]]);
  });

  test("the due time of the last commit counts after a restart", () => {
    start({ interval: "1d", type: "wallClockTime", startMs: 250 });
    wait(250);
    nowMs = 200_000_000;
    restart({ interval: "1d", type: "wallClockTime", startMs: 250 });
    expect(wait(200_000_000)).toEqual([["p", 200_000_000]]);
    expect(punctuators.nextWallClockMs()).toBe(3 * 86_400_000 + 250);
  });

  test("that is no time is refused", () => {
    for (const startMs of [-1, 0.5, Number.NaN]) {
      expect(errorOf(() => start({ interval: 1, type: "streamTime", startMs })).code).toBe("CONFIG_INVALID");
    }
  });
});

test("a punctuator may cancel itself and schedule another", () => {
  start();
  const first = punctuators.schedule("node", { interval: 100, type: "wallClockTime" }, (atMs) => {
    note("first")(atMs);
    first.cancel();
    punctuators.schedule("node", { interval: 50, type: "wallClockTime" }, note("second"));
  });
  expect(wait(100)).toEqual([["first", 100]]);
  expect(wait(200)).toEqual([["second", 200]]);
});

test("two of one name, and an interval of nothing, are refused", () => {
  const options = { interval: 1, type: "streamTime", name: "n" } as const;
  expect(errorOf(() => start(options, options)).code).toBe("TOPOLOGY_INVALID");
  expect(errorOf(() => start({ interval: "0s", type: "streamTime" })).code).toBe("CONFIG_INVALID");
});
