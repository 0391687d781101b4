import * as z from "zod";
import { StreamError } from "../../lib/core/errors.ts";
import type { WorkerSpec } from "../../lib/ports/launcher.ts";
import type { LookUp } from "../../lib/query/look-up.ts";

/** What starts a worker: its id. Whatever else is in the event is refused, so that a wrong trigger is noticed. */
const workerEvent = z.strictObject({ worker: z.string().regex(/^[\w.-]{1,128}$/) });

/**
 * The worker that an invocation is to be.
 *
 * @throws {StreamError} `CONFIG_INVALID` when the event is not from a launcher
 */
export function parseWorkerEvent(event: unknown): WorkerSpec {
  const parsed = workerEvent.safeParse(event);
  if (parsed.success) return parsed.data;
  throw new StreamError(
    "CONFIG_INVALID",
    'a worker is started with {"worker":"<id>"}: is something else than the launcher a trigger of it?',
    {
      details: { problems: parsed.error.issues.map(({ path, message }) => `${path.join(".") || "event"}: ${message}`) },
    },
  );
}

/** How fresh an answer is: the last snapshot, or everything committed. */
const freshness = z.enum(["snapshot", "committed"]).default("committed");

const rowsMax = 1_000;
const wholeNumber = z.string().regex(/^\d{1,15}$/, "must be a whole number from 0 up");
const time = wholeNumber.optional();
const text = z.string().min(1).max(512);
const limit = wholeNumber
  .transform(Number)
  .refine((value) => value > 0, "must be at least 1")
  .refine((value) => value <= rowsMax, `must be at most ${rowsMax}`)
  .default(100);

const path = z.object({ store: z.string().min(1).max(249), key: text.optional() });
const keyParameters = z
  .strictObject({ from: time, to: time, freshness })
  .refine(({ from, to }) => from === undefined || to === undefined || Number(from) <= Number(to), {
    message: "must not be below from",
    path: ["to"],
  });
const rangeParameters = z.strictObject({ from: text.optional(), to: text.optional(), limit, freshness });

/** The parts of an HTTP API event (payload version 2.0) that a query looks at. */
const httpEvent = z.looseObject({
  pathParameters: z.record(z.string(), z.string().optional()).nullish(),
  queryStringParameters: z.record(z.string(), z.string().optional()).nullish(),
});

/**
 * The look-up that a request stands for: `/tables/{store}/{key}?from&to&freshness` or `/tables/{store}?from&to&limit&freshness`.
 *
 * @throws {StreamError} `QUERY_INVALID` that names each wrong parameter
 */
export function parseTableRequest(event: unknown): LookUp {
  const { pathParameters, queryStringParameters } = checked(httpEvent, event, "event");
  const { store, key } = checked(path, pathParameters ?? {}, "path");
  const given = queryStringParameters ?? {};
  const rest =
    key === undefined
      ? checked(rangeParameters, given, "query")
      : { limit: rowsMax, ...checked(keyParameters, given, "query") };
  return { store, key, from: rest.from, to: rest.to, limit: rest.limit, freshness: rest.freshness };
}

function checked<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys") return `unknown parameter ${issue.keys.join(", ")}`;
    return `${issue.path.join(".") || what} ${issue.message}`;
  });
  throw new StreamError("QUERY_INVALID", problems.join("; "), { details: { problems } });
}
