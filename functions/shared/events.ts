import { z } from "zod";
import { StreamError } from "../../lib/core/errors.ts";
import type { WorkerSpec } from "../../lib/ports/launcher.ts";

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

const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number from 0 up")
    .transform(Number)
    .refine((value) => value <= max, `must be at most ${max}`);

const rowsMax = 1_000;
const time = wholeNumber(Number.MAX_SAFE_INTEGER).optional();
const text = z.string().min(1).max(512);
const limit = wholeNumber(rowsMax)
  .refine((value) => value > 0, "must be at least 1")
  .default(100);

const path = z.object({ store: z.string().min(1).max(249), key: text.optional() });
const keyParameters = z
  .strictObject({ from: time, to: time, freshness })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    message: "must not be below from",
    path: ["to"],
  });
const rangeParameters = z.strictObject({ from: text.optional(), to: text.optional(), limit, freshness });

/** What a request asks of a store: one key (with times: its windows), or a range of keys. */
export type TableRequest =
  | {
      readonly kind: "key";
      readonly store: string;
      readonly key: string;
      readonly fromMs: number | undefined;
      readonly toMs: number | undefined;
      readonly freshness: "snapshot" | "committed";
    }
  | {
      readonly kind: "range";
      readonly store: string;
      readonly from: string | undefined;
      readonly to: string | undefined;
      readonly limit: number;
      readonly freshness: "snapshot" | "committed";
    };

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
export function parseTableRequest(event: unknown): TableRequest {
  const { pathParameters, queryStringParameters } = checked(httpEvent, event, "event");
  const { store, key } = checked(path, pathParameters ?? {}, "path");
  const given = queryStringParameters ?? {};
  if (key === undefined) return { kind: "range", store, ...rest(checked(rangeParameters, given, "query")) };
  const { from: fromMs, to: toMs, freshness: fresh } = checked(keyParameters, given, "query");
  return { kind: "key", store, key, fromMs, toMs, freshness: fresh };
}

function rest({ from, to, limit: rows, freshness: fresh }: z.output<typeof rangeParameters>) {
  return { from, to, limit: rows, freshness: fresh };
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
