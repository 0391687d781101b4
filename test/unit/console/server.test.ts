import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ErrorBody } from "../../../lib/console/replies.ts";
import { type ConsoleServer, startConsole } from "../../../lib/console/server.ts";
import type { ConsoleState } from "../../../lib/console/state.ts";
import { StreamError } from "../../../lib/core/errors.ts";
import { consoleState, notingActions, steppedClock } from "./fake-console.ts";

let state: ConsoleState;
let actions: ReturnType<typeof notingActions>;
let clock: ReturnType<typeof steppedClock>;
let server: ConsoleServer;

beforeEach(async () => {
  state = consoleState();
  actions = notingActions();
  clock = steppedClock();
  server = await startConsole({ port: 0, state: () => state, actions, clock, clientsMax: 2 });
});
afterEach(async () => {
  const closing = server.close();
  await clock.wake();
  await closing;
});

/** One call as a browser makes it from the page. */
const call = (path: string, init: RequestInit = {}) => fetch(new URL(path, server.url), init);
const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  call(path, {
    method: "POST",
    body,
    headers: { origin: server.url.slice(0, -1), "content-type": "application/json", ...headers },
  });

const errorOf = async (response: Response): Promise<ErrorBody["error"]> => {
  const body = (await response.json()) as ErrorBody;
  return body.error;
};

/** `fetch` does not send a host of one's choice; `node:http` does. */
const statusWithHost = (host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const sent = request(server.url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on("error", reject);
    sent.end();
  });

describe("the page", () => {
  test.for([
    { path: "/", type: "text/html; charset=utf-8" },
    { path: "/main.js", type: "text/javascript; charset=utf-8" },
    { path: "/tokens.css", type: "text/css; charset=utf-8" },
    { path: "/mark.svg", type: "image/svg+xml" },
  ])("$path is served from this process with a strict policy", async ({ path, type }) => {
    const response = await call(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(type);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'; script-src 'self'");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await response.text()).not.toContain("https://");
  });

  test("loads only files that are served", async () => {
    const html = await (await call("/")).text();
    const files = [...html.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, path]) => path ?? "");
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) expect((await call(file)).status, file).toBe(200);
  });

  test.for(["/tsconfig.json", "/../server.ts", "/%2e%2e/server.ts", "//etc/passwd", "/api/unknown", "/api/tables/"])(
    "%s does not exist",
    async (path) => {
      const response = await fetch(`${server.url.slice(0, -1)}${path}`);
      expect(response.status).toBe(404);
      expect((await errorOf(response)).code).toBe("REQUEST_REJECTED");
    },
  );

  test("a host name that is not loopback is refused", async () => {
    expect(await statusWithHost("evil.example")).toBe(403);
    expect(await statusWithHost("localhost:1")).toBe(200);
  });
});

describe("actions", () => {
  test("kill a worker, or tell that it is gone", async () => {
    expect(await (await post("/api/kill", '{"worker":"w1"}')).json()).toEqual({ kind: "killed" });
    expect(await (await post("/api/kill", '{"worker":"w9"}')).json()).toEqual({ kind: "gone" });
    expect(actions.asked).toEqual([{ kill: "w1" }, { kill: "w9" }]);
  });

  test("set the load", async () => {
    expect((await post("/api/load", '{"factor":2.5}')).status).toBe(200);
    expect(actions.asked).toEqual([{ load: 2.5 }]);
  });

  test("look up a key in a store whose name is encoded", async () => {
    const response = await call("/api/tables/trade%2Fstats?key=AAPL&freshness=snapshot&from=1000");
    expect(await response.json()).toMatchObject({ store: "trade/stats", key: "AAPL", position: { "trades:0": 18 } });
    expect(actions.asked).toEqual([
      { store: "trade/stats", key: "AAPL", freshness: "snapshot", fromMs: 1_000, toMs: undefined },
    ]);
  });

  test.for([
    { name: "a body that is not JSON", path: "/api/kill", body: "kill", status: 400 },
    { name: "a load above the most", path: "/api/load", body: '{"factor":5}', status: 400 },
    { name: "a body that is too long", path: "/api/kill", body: `{"worker":"${"w".repeat(100_000)}"}`, status: 400 },
    { name: "a POST where GET belongs", path: "/api/state", body: "{}", status: 405 },
  ])("$name is answered with a typed error and nothing is done", async ({ path, body, status }) => {
    const response = await post(path, body);
    expect(response.status).toBe(status);
    expect(await errorOf(response)).toMatchObject({ code: "REQUEST_REJECTED", advice: "fix-request" });
    expect(actions.asked).toEqual([]);
  });

  test("a POST of another origin is refused and nothing is done", async () => {
    expect((await post("/api/kill", '{"worker":"w1"}', { origin: "http://evil.example" })).status).toBe(403);
    expect(actions.asked).toEqual([]);
  });

  test("a GET does not kill", async () => {
    const response = await call("/api/kill?worker=w1");
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
    expect(actions.asked).toEqual([]);
  });

  test.for([
    {
      name: "an unknown store",
      error: new StreamError("STORE_UNKNOWN", "no store nope"),
      status: 404,
      code: "STORE_UNKNOWN",
    },
    {
      name: "a query that is wrong",
      error: new StreamError("QUERY_INVALID", "no"),
      status: 400,
      code: "QUERY_INVALID",
    },
    {
      name: "a log that does not answer",
      error: new StreamError("LOG_UNAVAILABLE", "no"),
      status: 503,
      code: "LOG_UNAVAILABLE",
    },
    { name: "a defect, whose text stays here", error: new Error("secret"), status: 500, code: "INVARIANT_BROKEN" },
  ])("$name answers $status", async ({ error, status, code }) => {
    actions.lookUp = () => Promise.reject(error);
    const response = await call("/api/tables/nope?key=A");
    expect(response.status).toBe(status);
    const text = await response.text();
    expect(JSON.parse(text).error.code).toBe(code);
    expect(text).not.toContain("secret");
  });
});

describe("events", () => {
  /** Reads whole messages of an event stream. */
  async function* messages(response: Response): AsyncGenerator<{ event: string; data: unknown }> {
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString("utf8");
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const [event, data] = text.slice(0, end).split("\n");
        text = text.slice(end + 2);
        if (event?.startsWith("event: ")) yield { event: event.slice(7), data: JSON.parse(data?.slice(6) ?? "") };
      }
    }
  }

  test("begin with the past and go on with whole states", async () => {
    const stopped = new AbortController();
    const stream = messages(await call("/api/events", { signal: stopped.signal }));
    const past = await stream.next();
    expect(past.value).toMatchObject({ event: "history", data: [{ atMs: 1_000 }] });
    state = consoleState({ nowMs: 1_500 });
    await clock.wake();
    expect((await stream.next()).value).toEqual({ event: "state", data: JSON.parse(JSON.stringify(state)) });
    stopped.abort();
  });

  test("end with the last state when the console closes", async () => {
    const stream = messages(await call("/api/events"));
    await stream.next();
    state = consoleState({ status: "stopped" });
    const closing = server.close();
    expect((await stream.next()).value).toMatchObject({ event: "state", data: { status: "stopped" } });
    expect((await stream.next()).done).toBe(true);
    await clock.wake();
    await closing;
    server = await startConsole({ port: 0, state: () => state, actions, clock });
  });

  test("go to a bounded number of pages", async () => {
    const stopped = new AbortController();
    await call("/api/events", { signal: stopped.signal });
    await call("/api/events", { signal: stopped.signal });
    const third = await call("/api/events");
    expect(third.status).toBe(400);
    expect((await errorOf(third)).message).toContain("too many pages are open");
    stopped.abort();
  });

  test("a state that cannot be made ends neither the stream nor the server", async () => {
    const stopped = new AbortController();
    const stream = messages(await call("/api/events", { signal: stopped.signal }));
    await stream.next();
    const good = consoleState({ nowMs: 2_000 });
    state = new Proxy(good, {
      get: () => {
        throw new Error("not now");
      },
    });
    await clock.wake();
    state = good;
    await clock.wake();
    expect((await stream.next()).value).toMatchObject({ event: "state", data: { nowMs: 2_000 } });
    stopped.abort();
  });
});

test("a taken port is one clear error that says how to choose another", async () => {
  const port = Number(new URL(server.url).port);
  const second = startConsole({ port, state: () => state, actions, clock });
  await expect(second).rejects.toMatchObject({ code: "PORT_IN_USE", details: { port, host: "127.0.0.1" } });
  await expect(second).rejects.toThrow(/--port/);
});
