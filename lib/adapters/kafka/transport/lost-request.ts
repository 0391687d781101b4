import type { KafkaErrorName } from "../../../core/kafka-errors.ts";

interface LostRequestOptions {
  readonly sent: boolean;
  readonly timedOut: boolean;
  readonly closed?: boolean;
  readonly cause?: unknown;
}

/** A request whose answer will not come. */
export class LostRequest extends Error {
  override readonly name = "LostRequest";
  /** `host:port`. */
  readonly address: string;
  private readonly reason: string;
  /** False: it certainly never left, so it certainly had no effect. */
  readonly sent: boolean;
  /** The log was closed: trying again cannot help. */
  readonly closed: boolean;
  readonly kafkaError: Extract<KafkaErrorName, "NETWORK_EXCEPTION" | "REQUEST_TIMED_OUT">;

  constructor(address: string, reason: string, options: LostRequestOptions) {
    super(`${address}: ${reason}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.address = address;
    this.reason = reason;
    this.sent = options.sent;
    this.closed = options.closed ?? false;
    this.kafkaError = options.timedOut ? "REQUEST_TIMED_OUT" : "NETWORK_EXCEPTION";
  }

  /** The same loss, of a call of which something was sent. */
  asSent(): LostRequest {
    return this.with(true);
  }

  /** The same loss, of a call of which nothing was sent. */
  asUnsent(): LostRequest {
    return this.with(false);
  }

  private with(sent: boolean): LostRequest {
    const timedOut = this.kafkaError === "REQUEST_TIMED_OUT";
    return new LostRequest(this.address, this.reason, { sent, timedOut, closed: this.closed, cause: this });
  }
}
