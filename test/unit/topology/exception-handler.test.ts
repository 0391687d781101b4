import { describe, expect, test } from "vitest";
import type { ExceptionHandler, RecordFailure } from "../../../lib/topology/exception-handler.ts";
import {
  chooseHandler,
  deadLetter,
  deadLetterTopics,
  decideFailure,
  failAlways,
  logAndContinue,
  logAndFail,
  retry,
} from "../../../lib/topology/exception-handler.ts";

const failure: RecordFailure = {
  phase: "processing",
  node: "parse",
  topic: "in",
  partition: 2,
  offset: 7,
  timestampMs: 5,
  exception: new RangeError("too far"),
};
const decided = (handler: ExceptionHandler, retries = 0) => decideFailure(handler, failure, retries);

test("fail, continue and dead letter decide what they say, however often", () => {
  expect([0, 5].map((retries) => decided(logAndFail(), retries).kind)).toEqual(["fail", "fail"]);
  expect(decided(logAndContinue(), 5)).toEqual({ kind: "continue" });
  expect(decided(deadLetter("dead"))).toEqual({ kind: "dead-letter", topic: "dead" });
});

describe("a retry", () => {
  test("pauses twice as long each time, ten seconds at most, and then does what follows", () => {
    const handler = retry({ attempts: 5, backoff: "1s", otherwise: deadLetter("dead") });
    const pauses = [0, 1, 2, 3, 4].map((retries) => decided(handler, retries));
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 10_000].map((afterMs) => ({ kind: "retry", afterMs })));
    expect(decided(handler, 5)).toEqual({ kind: "dead-letter", topic: "dead" });
  });

  test("stops the pin when nothing follows", () => {
    expect(decided(retry({ attempts: 1, backoff: 0 }), 1)).toEqual({ kind: "fail" });
  });

  test.for([
    { attempts: 0, backoff: 10 },
    { attempts: 101, backoff: 10 },
    { attempts: 1.5, backoff: 10 },
    { attempts: 1, backoff: "11s" as const },
  ])("of $attempts attempts with $backoff is refused", (options) => {
    expect(() => retry(options)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});

describe("a choice", () => {
  const handlers = { aside: deadLetter("dead"), on: logAndContinue() };

  test("sees the failure", () => {
    const handler = chooseHandler(handlers, ({ exception, node, topic }) =>
      exception instanceof RangeError && node === "parse" && topic === "in" ? "aside" : "on",
    );
    expect(decided(handler)).toEqual({ kind: "dead-letter", topic: "dead" });
    expect(decideFailure(handler, { ...failure, topic: "other" }, 0)).toEqual({ kind: "continue" });
  });

  test("of a name that is not there stops the pin", () => {
    expect(decided(chooseHandler(handlers, () => "no" as "on"))).toEqual({ kind: "fail" });
  });
});

test("names every topic that dead letters may go to, also behind choices and retries", () => {
  const handlers = {
    ...failAlways,
    processing: retry({ attempts: 1, backoff: 1, otherwise: deadLetter("b") }),
    production: chooseHandler({ x: deadLetter("c"), y: deadLetter("a"), z: deadLetter("b") }, () => "x"),
  };
  expect(deadLetterTopics(handlers)).toEqual(["a", "b", "c"]);
  expect(deadLetterTopics(failAlways)).toEqual([]);
});
