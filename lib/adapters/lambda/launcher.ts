import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { StreamError } from "../../core/errors.ts";
import type { Launcher, WorkerSpec } from "../../ports/launcher.ts";

/** Where the worker function is. Region and credentials are the SDK's own unless given. */
export interface LambdaLauncherOptions {
  /** Name or ARN of the worker function. */
  readonly functionName: string;
  readonly region?: string;
  readonly endpoint?: string;
  /** Bound of one start, retries included. Default 5 s. */
  readonly deadlineMs?: number;
}

/**
 * Starts workers as asynchronous invocations of a Lambda function: at least once, so a duplicate loses its claims and exits.
 *
 * The function must be set to no retries (`maximumRetryAttempts: 0`): a worker that died is replaced by the coordinator,
 * not run again minutes later by Lambda's queue.
 *
 * @example
 * const launcher = new LambdaLauncher({ functionName: "stock-trades-dev-worker" });
 */
export class LambdaLauncher implements Launcher {
  private readonly client: LambdaClient;
  private readonly functionName: string;
  private readonly deadlineMs: number;

  constructor({ functionName, region, endpoint, deadlineMs = 5_000 }: LambdaLauncherOptions) {
    this.functionName = functionName;
    this.deadlineMs = deadlineMs;
    this.client = new LambdaClient({
      maxAttempts: 3,
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
    });
  }

  /** @throws {StreamError} `LAUNCHER_UNAVAILABLE`, `FUNCTION_MISSING`, `ACCESS_DENIED`, `DEADLINE_EXCEEDED` */
  async start(spec: WorkerSpec): Promise<void> {
    const command = new InvokeCommand({
      FunctionName: this.functionName,
      InvocationType: "Event",
      Payload: Buffer.from(JSON.stringify({ worker: spec.worker })),
    });
    try {
      await this.client.send(command, { abortSignal: AbortSignal.timeout(this.deadlineMs) });
    } catch (cause) {
      throw this.translated(cause, spec.worker);
    }
  }

  /** Nothing: Lambda does not tell which invocations run. Heartbeats do. */
  async list(): Promise<readonly string[]> {
    return [];
  }

  /** Nothing: an invocation gets no signal. It drains when its plan is empty or its time is up. */
  async stop(_worker: string): Promise<void> {}

  /** Closes connections. */
  close(): void {
    this.client.destroy();
  }

  private translated(cause: unknown, worker: string): StreamError {
    const { name = "", message = String(cause) } = cause as Partial<Error>;
    const details = { function: this.functionName, worker, awsError: name };
    const error = (code: ConstructorParameters<typeof StreamError>[0], text: string) =>
      new StreamError(code, text, { details, cause });
    if (name === "ResourceNotFoundException") {
      return error(
        "FUNCTION_MISSING",
        `worker function ${this.functionName} does not exist: deploy it, or set MILLRACE_LAUNCHER_FUNCTION_NAME`,
      );
    }
    if (
      name === "AccessDeniedException" ||
      name === "UnrecognizedClientException" ||
      name === "CredentialsProviderError"
    ) {
      return error(
        "ACCESS_DENIED",
        `may not invoke ${this.functionName}: grant lambda:InvokeFunction on it (${message})`,
      );
    }
    if (name === "AbortError" || name === "TimeoutError") {
      return error("DEADLINE_EXCEEDED", `${this.functionName} was not invoked within ${this.deadlineMs} ms`);
    }
    return error("LAUNCHER_UNAVAILABLE", `${this.functionName} could not be invoked: ${message}`);
  }
}
