import { describe, expect, test } from "vitest";
import { parseTableRequest, parseWorkerEvent } from "../../../functions/shared/events.ts";
import { errorOf } from "../../support/error-of.ts";

describe("parseWorkerEvent", () => {
  test("reads the worker's id", () => {
    expect(parseWorkerEvent({ worker: "w-1" })).toEqual({ worker: "w-1" });
  });

  test.for([
    [{}],
    [undefined],
    [{ worker: "" }],
    [{ worker: "a b" }],
    [{ worker: "w", extra: 1 }],
    [{ Records: [] }],
    [{ worker: 1 }],
  ])("refuses %j and says who should start workers", ([event]) => {
    const error = errorOf(() => parseWorkerEvent(event));
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toContain('{"worker":"<id>"}');
  });
});

describe("parseTableRequest", () => {
  const event = (path: Record<string, string>, query?: Record<string, string>) => ({
    version: "2.0",
    pathParameters: path,
    ...(query === undefined ? {} : { queryStringParameters: query }),
  });

  test.for([
    {
      name: "one key, committed by default",
      event: event({ store: "trade-stats", key: "AAPL" }),
      request: { store: "trade-stats", key: "AAPL", limit: 1_000, freshness: "committed" },
    },
    {
      name: "the windows of a key between two times",
      event: event({ store: "trade-stats", key: "AAPL" }, { from: "0", to: "9000", freshness: "snapshot" }),
      request: { store: "trade-stats", key: "AAPL", from: "0", to: "9000", limit: 1_000, freshness: "snapshot" },
    },
    {
      name: "the windows that start in one millisecond",
      event: event({ store: "trade-stats", key: "AAPL" }, { from: "5", to: "5" }),
      request: { store: "trade-stats", key: "AAPL", from: "5", to: "5", limit: 1_000, freshness: "committed" },
    },
    {
      name: "a range of keys, at most 100 rows by default",
      event: event({ store: "counts" }),
      request: { store: "counts", limit: 100, freshness: "committed" },
    },
    {
      name: "a range of keys with both ends and a limit",
      event: event({ store: "counts" }, { from: "a", to: "b", limit: "1000" }),
      request: { store: "counts", from: "a", to: "b", limit: 1_000, freshness: "committed" },
    },
  ])("reads $name", ({ event: given, request }) => {
    expect(parseTableRequest(given)).toEqual(request);
  });

  test.for([
    [event({ store: "s", key: "k" }, { from: "1.5" }), "from must be a whole number from 0 up"],
    [event({ store: "s", key: "k" }, { to: "-1" }), "to must be a whole number from 0 up"],
    [event({ store: "s", key: "k" }, { from: "10", to: "9" }), "to must not be below from"],
    [event({ store: "s", key: "k" }, { limit: "5" }), "unknown parameter limit"],
    [
      event({ store: "s", key: "k" }, { freshness: "now" }),
      'freshness Invalid option: expected one of "snapshot"|"committed"',
    ],
    [event({ store: "s" }, { limit: "0" }), "limit must be at least 1"],
    [event({ store: "s" }, { limit: "1001" }), "limit must be at most 1000"],
    [event({ store: "s" }, { form: "a" }), "unknown parameter form"],
  ] as const)("refuses %j: %s", ([given, message]) => {
    const error = errorOf(() => parseTableRequest(given));
    expect(error).toMatchObject({ code: "QUERY_INVALID", advice: "fix-request" });
    expect(error.message).toBe(`QUERY_INVALID: ${message}`);
  });

  test("refuses an event that is not of the HTTP API", () => {
    expect(errorOf(() => parseTableRequest("x")).code).toBe("QUERY_INVALID");
    expect(errorOf(() => parseTableRequest({})).message).toContain("store");
  });
});
