import { StreamError } from "../core/errors.ts";
import type { LookUpQuery } from "./state.ts";

/** What the checks look at; `node:http` gives names in lower case. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;
const KEY_LENGTH_MAX = 512;
const WORKER_LENGTH_MAX = 128;

/**
 * Why a request is refused before anything is done for it, or undefined when it is local.
 *
 * A host name other than loopback is DNS rebinding; an API call from another site is forgery. Requests that change
 * something must name their origin and it must be ours.
 */
export function refusalOf(method: string, path: string, headers: RequestHeaders): StreamError | undefined {
  const host = single(headers["host"]);
  if (!LOOPBACK_HOST.test(host)) {
    return rejected(`the console answers on loopback names only: open it as http://127.0.0.1, not as "${host}"`, {
      host,
    });
  }
  const site = single(headers["sec-fetch-site"]);
  if (path.startsWith("/api/") && site !== "" && site !== "same-origin" && site !== "none") {
    return rejected("another site may not call the console", { site });
  }
  if (method !== "POST") return undefined;
  const origin = single(headers["origin"]);
  if (origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return rejected(`a POST needs the header "Origin: http://${host}"`, { origin });
  }
  const type = single(headers["content-type"]).split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/json")
    return rejected('a POST needs the header "Content-Type: application/json"', { type });
  return undefined;
}

/** The worker that `/api/kill` names. @throws {StreamError} `REQUEST_REJECTED` */
export function parseKill(body: string): { readonly worker: string } {
  const { worker } = parseObject(body, ["worker"]);
  if (typeof worker !== "string" || worker === "" || worker.length > WORKER_LENGTH_MAX) {
    throw rejected('"worker" must be the id of a worker, for example {"worker":"w1"}', { worker: shown(worker) });
  }
  return { worker };
}

/** The factor that `/api/load` sets. @throws {StreamError} `REQUEST_REJECTED` */
export function parseLoad(body: string, factorMax: number): { readonly factor: number } {
  const { factor } = parseObject(body, ["factor"]);
  if (typeof factor !== "number" || !Number.isFinite(factor) || factor < 0 || factor > factorMax) {
    throw rejected(`"factor" must be a number from 0 to ${factorMax}, for example {"factor":2}`, {
      factor: shown(factor),
    });
  }
  return { factor };
}

/**
 * The query that a look-up address stands for: `/api/tables/<store>?key=AAPL&from=0&to=9&freshness=committed`.
 *
 * @throws {StreamError} `QUERY_INVALID`
 */
export function parseLookUp(store: string, parameters: URLSearchParams): LookUpQuery {
  const known = ["key", "from", "to", "freshness"];
  for (const name of parameters.keys()) {
    if (!known.includes(name))
      throw invalid(`unknown parameter "${name}": a look-up takes ${known.join(", ")}`, { parameter: name });
    if (parameters.getAll(name).length > 1) throw invalid(`"${name}" is given twice`, { parameter: name });
  }
  const key = parameters.get("key");
  if (key === null || key === "") throw invalid('a look-up needs a key, for example "?key=AAPL"', { parameter: "key" });
  if (key.length > KEY_LENGTH_MAX)
    throw invalid(`a key has at most ${KEY_LENGTH_MAX} characters`, { parameter: "key" });
  const freshness = parameters.get("freshness") ?? "committed";
  if (freshness !== "snapshot" && freshness !== "committed") {
    throw invalid('"freshness" must be "snapshot" or "committed"', { freshness });
  }
  const fromMs = parseTime("from", parameters.get("from"));
  const toMs = parseTime("to", parameters.get("to"));
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) {
    throw invalid(`"from" (${fromMs}) must not be above "to" (${toMs})`, { from: fromMs, to: toMs });
  }
  return { store, key, fromMs, toMs, freshness };
}

function parseTime(name: string, text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw invalid(`"${name}" must be milliseconds since the epoch, a whole number from 0 up`, {
      parameter: name,
      value: text.slice(0, 40),
    });
  }
  return value;
}

function parseObject(body: string, names: readonly string[]): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new StreamError("REQUEST_REJECTED", "the body is not JSON", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw rejected("the body must be a JSON object", {});
  for (const name of Object.keys(value)) {
    if (!names.includes(name))
      throw rejected(`unknown field "${name}": known are ${names.join(", ")}`, { field: name });
  }
  return value as Record<string, unknown>;
}

function single(header: string | readonly string[] | undefined): string {
  return typeof header === "string" ? header : "";
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "absent").slice(0, 80);
}

function rejected(message: string, details: Readonly<Record<string, string>>): StreamError {
  return new StreamError("REQUEST_REJECTED", message, { details });
}

function invalid(message: string, details: Readonly<Record<string, string | number>>): StreamError {
  return new StreamError("QUERY_INVALID", message, { details });
}
