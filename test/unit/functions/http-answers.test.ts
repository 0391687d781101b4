import { describe, expect, test } from "vitest";
import { errorAnswer, jsonAnswer } from "../../../functions/shared/http-answers.ts";
import { type ErrorCode, StreamError } from "../../../lib/core/errors.ts";

describe("errorAnswer", () => {
  test.for([
    ["QUERY_INVALID", 400],
    ["STORE_UNKNOWN", 404],
    ["BROKER_UNREACHABLE", 503],
    ["CORRUPT_SNAPSHOT", 503],
    ["TRANSACTION_ABORTED", 503],
    ["CONFIG_INVALID", 500],
    ["TOPOLOGY_INCOMPATIBLE", 500],
    ["ACCESS_DENIED", 500],
    ["INVARIANT_BROKEN", 500],
  ] as const satisfies readonly (readonly [ErrorCode, number])[])("answers %s with %i", ([code, status]) => {
    const answer = errorAnswer(new StreamError(code, "what happened"), "request-1");
    expect(answer.statusCode).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ code, requestId: "request-1" });
    expect("retry-after" in answer.headers).toBe(status === 503);
  });

  test("tells a caller what is wrong with the request", () => {
    const error = new StreamError("STORE_UNKNOWN", "no store counts", { details: { store: "counts" } });
    expect(JSON.parse(errorAnswer(error, "r").body)).toEqual({
      code: "STORE_UNKNOWN",
      advice: "fix-request",
      message: "STORE_UNKNOWN: no store counts",
      details: { store: "counts" },
      requestId: "r",
    });
  });

  test.for([
    [new Error("inside 10.0.0.7"), 500],
    [new StreamError("ACCESS_DENIED", "inside 10.0.0.7"), 500],
    ["inside 10.0.0.7", 500],
    [new StreamError("BROKER_UNREACHABLE", "at 10.0.0.7", { details: { brokers: ["10.0.0.7:9092"] } }), 503],
  ])("keeps the inside to itself: %s", ([error, status]) => {
    const answer = errorAnswer(error, "r");
    expect(answer.statusCode).toBe(status);
    expect(answer.body).not.toContain("10.0.0.7");
  });
});

describe("jsonAnswer", () => {
  test("writes JSON that no cache keeps", () => {
    const answer = jsonAnswer(200, { value: { count: 3 } });
    expect(answer).toMatchObject({ statusCode: 200, body: '{"value":{"count":3}}' });
    expect(answer.headers).toEqual({ "content-type": "application/json", "cache-control": "no-store" });
  });

  test("writes integers beyond a number's precision as text", () => {
    expect(jsonAnswer(200, { value: 2n ** 60n }).body).toBe('{"value":"1152921504606846976"}');
  });

  test("writes bytes as base64", () => {
    expect(jsonAnswer(200, { a: Buffer.from("hi"), b: [new Uint8Array([1])] }).body).toBe('{"a":"aGk=","b":["AQ=="]}');
  });
});
