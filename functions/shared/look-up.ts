import { keyFromText } from "../../lib/query/key-from-text.ts";
import type { Tables } from "../../lib/query/tables.ts";
import type { TableRequest } from "./events.ts";
import { type HttpAnswer, jsonAnswer } from "./http-answers.ts";

/**
 * Answers a request from the tables: a row, the windows of a key, or rows in key order, each with the position that it
 * reflects. A key without a row is 404, with its position: absence is an answer too.
 *
 * @throws {StreamError} `STORE_UNKNOWN`, `QUERY_INVALID`, and what reading the state throws
 */
export async function lookUp(tables: Tables, request: TableRequest): Promise<HttpAnswer> {
  const table = tables.get(request.store);
  const { freshness } = request;
  if (request.kind === "range") {
    const end = (name: "from" | "to") =>
      request[name] === undefined ? {} : { [name]: keyFromText(request[name], table.spec) };
    const bounds = { ...end("from"), ...end("to"), limit: request.limit, freshness };
    return jsonAnswer(200, { store: request.store, ...(await table.range(bounds)) });
  }
  const key = keyFromText(request.key, table.spec);
  if (table.spec.type === "timestampedWindow") {
    const from = request.fromMs === undefined ? {} : { from: request.fromMs };
    const to = request.toMs === undefined ? {} : { to: request.toMs };
    return jsonAnswer(200, { store: request.store, ...(await table.windows(key, { ...from, ...to, freshness })) });
  }
  const found = await table.get(key, { freshness });
  return jsonAnswer(found.row === undefined ? 404 : 200, { store: request.store, ...found, row: found.row ?? null });
}
