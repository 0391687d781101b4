import { describe, expect, test } from "vitest";
import { parseKill, parseLoad, parseLookUp, refusalOf } from "../../../lib/console/requests.ts";
import { isStreamError } from "../../../lib/core/errors.ts";

const host = "127.0.0.1:8080";
const json = { "content-type": "application/json" };

describe("requests that are refused or not", () => {
  test.for([
    { name: "a page on 127.0.0.1", method: "GET", path: "/", headers: { host }, refused: false },
    { name: "a page on localhost", method: "GET", path: "/", headers: { host: "localhost:8080" }, refused: false },
    { name: "a page on IPv6 loopback", method: "GET", path: "/", headers: { host: "[::1]:8080" }, refused: false },
    {
      name: "a name that was bound to loopback",
      method: "GET",
      path: "/",
      headers: { host: "evil.example:8080" },
      refused: true,
    },
    {
      name: "a name that begins like ours",
      method: "GET",
      path: "/",
      headers: { host: "127.0.0.1.evil.example" },
      refused: true,
    },
    { name: "no host", method: "GET", path: "/", headers: {}, refused: true },
    { name: "a call from a terminal", method: "GET", path: "/api/state", headers: { host }, refused: false },
    {
      name: "a call of the page",
      method: "GET",
      path: "/api/state",
      headers: { host, "sec-fetch-site": "same-origin" },
      refused: false,
    },
    {
      name: "a call of another site",
      method: "GET",
      path: "/api/events",
      headers: { host, "sec-fetch-site": "cross-site" },
      refused: true,
    },
    {
      name: "a link from another site to the page",
      method: "GET",
      path: "/",
      headers: { host, "sec-fetch-site": "cross-site" },
      refused: false,
    },
    {
      name: "a POST of the page",
      method: "POST",
      path: "/api/load",
      headers: { host, origin: `http://${host}`, ...json },
      refused: false,
    },
    { name: "a POST without origin", method: "POST", path: "/api/load", headers: { host, ...json }, refused: true },
    {
      name: "a POST of another origin",
      method: "POST",
      path: "/api/load",
      headers: { host, origin: "http://evil.example", ...json },
      refused: true,
    },
    {
      name: "a POST of another port",
      method: "POST",
      path: "/api/load",
      headers: { host, origin: "http://127.0.0.1:9", ...json },
      refused: true,
    },
    {
      name: "a POST of an opaque origin",
      method: "POST",
      path: "/api/load",
      headers: { host, origin: "null", ...json },
      refused: true,
    },
    {
      name: "a form",
      method: "POST",
      path: "/api/load",
      headers: { host, origin: `http://${host}`, "content-type": "text/plain" },
      refused: true,
    },
  ])("$name: refused $refused", ({ method, path, headers, refused }) => {
    const refusal = refusalOf(method, path, headers);
    expect(refusal !== undefined).toBe(refused);
    expect(refusal === undefined || isStreamError(refusal, "REQUEST_REJECTED")).toBe(true);
  });
});

describe("bodies", () => {
  test("name a worker", () => expect(parseKill('{"worker":"w1"}')).toEqual({ worker: "w1" }));
  test.for([
    "",
    "{",
    "[]",
    "null",
    "{}",
    '{"worker":1}',
    '{"worker":""}',
    '{"worker":"w1","force":true}',
    `{"worker":"${"w".repeat(200)}"}`,
  ])("%s kills nobody", (body) => expect(() => parseKill(body)).toThrow(/REQUEST_REJECTED/));

  test.for([0, 0.5, 4])("set the load factor %d", (factor) =>
    expect(parseLoad(JSON.stringify({ factor }), 4)).toEqual({ factor }),
  );
  test.for(["{}", '{"factor":-0.1}', '{"factor":4.1}', '{"factor":"2"}', '{"factor":null}', '{"factor":1e999}'])(
    "%s sets no load factor",
    (body) => expect(() => parseLoad(body, 4)).toThrow(/"factor" must be a number from 0 to 4/),
  );
});

describe("look-ups", () => {
  test("take key, range and freshness from the address", () => {
    expect(parseLookUp("trade-stats", new URLSearchParams("key=A%26B&from=0&to=9&freshness=snapshot"))).toEqual({
      store: "trade-stats",
      key: "A&B",
      fromMs: 0,
      toMs: 9,
      freshness: "snapshot",
    });
  });

  test("are open and committed unless told otherwise", () => {
    expect(parseLookUp("trade-stats", new URLSearchParams("key=AAPL&from="))).toEqual({
      store: "trade-stats",
      key: "AAPL",
      fromMs: undefined,
      toMs: undefined,
      freshness: "committed",
    });
  });

  test.for([
    { name: "no key", query: "from=1", names: /needs a key/ },
    { name: "an empty key", query: "key=", names: /needs a key/ },
    { name: "a key that is too long", query: `key=${"k".repeat(513)}`, names: /at most 512/ },
    { name: "a time with a fraction", query: "key=A&from=1.5", names: /"from"/ },
    { name: "a negative time", query: "key=A&to=-1", names: /"to"/ },
    { name: "a time as a date", query: "key=A&from=2015-01-01", names: /"from"/ },
    { name: "a time beyond safe integers", query: "key=A&from=99999999999999999999", names: /"from"/ },
    {
      name: "a range that is turned round",
      query: "key=A&from=5&to=4",
      names: /"from" \(5\) must not be above "to" \(4\)/,
    },
    { name: "an unknown freshness", query: "key=A&freshness=now", names: /"snapshot" or "committed"/ },
    { name: "an unknown parameter", query: "key=A&limit=3", names: /unknown parameter "limit"/ },
    { name: "a parameter given twice", query: "key=A&key=B", names: /"key" is given twice/ },
  ])("$name is refused by name", ({ query, names }) => {
    const parse = () => parseLookUp("trade-stats", new URLSearchParams(query));
    expect(parse).toThrow(/QUERY_INVALID/);
    expect(parse).toThrow(names);
  });
});
