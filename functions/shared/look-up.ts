import { type LookUp, lookUp } from "../../lib/query/look-up.ts";
import type { Tables } from "../../lib/query/tables.ts";
import { type HttpAnswer, jsonAnswer } from "./http-answers.ts";

/**
 * Answers a request from the tables. A key without a row is 404, with its position: absence is an answer too.
 *
 * @throws {StreamError} `STORE_UNKNOWN`, `QUERY_INVALID`, and what reading the state throws
 */
export async function answerRequest(tables: Tables, request: LookUp): Promise<HttpAnswer> {
  const { store } = request;
  const { kind, ...answer } = await lookUp(tables, request);
  if (!("row" in answer)) return jsonAnswer(200, { store, ...answer });
  return jsonAnswer(answer.row === undefined ? 404 : 200, { store, ...answer, row: answer.row ?? null });
}
