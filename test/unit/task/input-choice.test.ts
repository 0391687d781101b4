import { expect, test } from "vitest";
import { InputChoice } from "../../../lib/task/input-choice.ts";
import type { RecordQueue } from "../../../lib/task/record-queue.ts";

/** An input with a record of a time, with none, or with some that were not fetched. */
type State = number | "empty" | "behind";

function inputOf(name: string, state: State) {
  const input = { name, state, queue: {} as RecordQueue };
  const queue = {
    get head() {
      return typeof input.state === "number" ? {} : undefined;
    },
    get headTimestampMs() {
      return input.state;
    },
    get caughtUp() {
      return input.state === "empty";
    },
  };
  return Object.assign(input, { queue: queue as unknown as RecordQueue });
}

function choiceOf(maxIdleMs: number, ...states: readonly State[]) {
  const clock = { nowMs: 1_000 };
  const inputs = states.map((state, at) => inputOf("abc".charAt(at), state));
  const choice = new InputChoice(inputs, { maxIdleMs, nowMs: () => clock.nowMs });
  return { choice, clock, inputs, next: () => choice.next()?.name };
}

test.for<[readonly State[], string | undefined]>([
  [[5], "a"],
  [["empty"], undefined],
  [[5, 3, 4], "b"],
  [[5, 5], "a"],
  [[5, "empty"], "a"],
  [[5, "behind"], undefined],
  [["behind", 5], undefined],
  [["empty", "empty"], undefined],
])("without patience %j gives %s", ([states, expected]) => {
  const { next, choice } = choiceOf(0, ...states);
  expect(next()).toBe(expected);
  expect(choice.waitsUntilMs).toBeUndefined();
});

test("an input that has nothing is waited for, from when it was seen to be empty", () => {
  const { next, choice, clock } = choiceOf(100, 5, "empty");
  expect([next(), choice.waitsUntilMs]).toEqual([undefined, 1_100]);
  clock.nowMs = 1_099;
  expect([next(), choice.waitsUntilMs]).toEqual([undefined, 1_100]);
  clock.nowMs = 1_100;
  expect([next(), choice.waitsUntilMs]).toEqual(["a", undefined]);
});

test("one that gets a record, or has some to fetch, is waited for anew when it is empty again", () => {
  for (const meanwhile of [7, "behind"] as const) {
    const { next, choice, clock, inputs } = choiceOf(100, 5, "empty");
    next();
    clock.nowMs = 1_090;
    (inputs[1] as (typeof inputs)[number]).state = meanwhile;
    expect(next()).toBe(meanwhile === 7 ? "a" : undefined);
    (inputs[1] as (typeof inputs)[number]).state = "empty";
    expect([next(), choice.waitsUntilMs]).toEqual([undefined, 1_190]);
  }
});

test("several are waited for until the last of them; where no record waits nothing is due", () => {
  const { next, choice, clock, inputs } = choiceOf(100, 5, "empty", 9);
  next();
  clock.nowMs = 1_050;
  (inputs[2] as (typeof inputs)[number]).state = "empty";
  expect([next(), choice.waitsUntilMs]).toEqual([undefined, 1_150]);
  (inputs[0] as (typeof inputs)[number]).state = "empty";
  expect([next(), choice.waitsUntilMs]).toEqual([undefined, undefined]);
});
