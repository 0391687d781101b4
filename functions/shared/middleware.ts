import type { MiddlewareObj } from "@middy/core";
import type { Context } from "aws-lambda";
import { isStreamError } from "../../lib/core/errors.ts";
import type { Logger } from "../../lib/ports/logger.ts";
import { errorAnswer } from "./http-answers.ts";

/** Checks and converts the event before the handler sees it. */
export function parsed<T>(parse: (event: unknown) => T): MiddlewareObj<T> {
  return {
    before: (request) => {
      request.event = parse(request.event);
    },
  };
}

/** Writes a failure once, with its code, advice and facts; Lambda counts the invocation as failed. */
export function failuresLogged(logger: Logger): MiddlewareObj {
  return { onError: ({ error, context }) => logFailure(logger, error, context) };
}

/** Writes a failure and answers with it. */
export function failuresAnswered(logger: Logger): MiddlewareObj {
  return {
    onError: (request) => {
      if (!isStreamError(request.error) || errorAnswer(request.error, "").statusCode >= 500) {
        logFailure(logger, request.error, request.context);
      }
      request.response = errorAnswer(request.error, request.context.awsRequestId);
    },
  };
}

function logFailure(logger: Logger, error: unknown, { awsRequestId, functionName }: Context): void {
  const where = { function: functionName, requestId: awsRequestId };
  if (isStreamError(error)) {
    const { code, advice, message, details } = error;
    logger.error("function-failed", { ...where, code, advice, message, details });
  } else {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logger.error("function-failed", { ...where, message: text });
  }
}
