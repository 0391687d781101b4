import middy from "@middy/core";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import type { App } from "../lib/dsl/app.ts";
import type { LookUp } from "../lib/query/look-up.ts";
import { openTables } from "../lib/query/tables.ts";
import { functionLogger, openPorts } from "./shared/compose.ts";
import { parseTableRequest } from "./shared/events.ts";
import type { HttpAnswer } from "./shared/http-answers.ts";
import { keepOpen } from "./shared/keep-open.ts";
import { answerRequest } from "./shared/look-up.ts";
import { failuresAnswered, parsed } from "./shared/middleware.ts";

/**
 * The query function of an application, behind an HTTP API: `GET /tables/{store}/{key}` (`?from&to` in milliseconds for
 * windows) and `GET /tables/{store}` (`?from&to&limit` for keys in order, or windows by start), each with `freshness=snapshot|committed`.
 * It needs no worker: tables are read from snapshots and the log.
 *
 * @example
 * export const handler = queryHandler(app);
 */
export function queryHandler(app: App): (event: APIGatewayProxyEventV2, context: Context) => Promise<HttpAnswer> {
  const kept = keepOpen(async () => {
    const ports = await openPorts(app);
    return { tables: await openTables(app, ports), [Symbol.asyncDispose]: () => ports[Symbol.asyncDispose]() };
  });
  const handler = middy({ timeoutEarlyInMillis: 0 })
    .use(failuresAnswered(functionLogger))
    .use(parsed(parseTableRequest))
    .handler<LookUp, HttpAnswer>((request) => kept.use(({ tables }) => answerRequest(tables, request)));
  return (event, context) => handler(event as unknown as LookUp, context);
}
