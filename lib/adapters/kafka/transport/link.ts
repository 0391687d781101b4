import { isStreamError, StreamError } from "../../../core/errors.ts";
import type { KafkaLogSettings } from "../options.ts";
import type { Answer, WireRequest } from "../wire/request.ts";
import { connectFailure } from "./connect-failure.ts";
import { Deadline, withinDeadline } from "./deadline.ts";
import { decodeAnswer, encodeFrame } from "./frame.ts";
import type { FramePool } from "./frame-pool.ts";
import { type BrokerMaker, exchange, type KafkaJsBroker, type KafkaJsConnection, kill } from "./kafkajs-door.ts";
import { LostRequest } from "./lost-request.ts";
import type { SignIn } from "./sign-in.ts";

/** What a link shares with the others of its log. */
interface LinkOptions {
  readonly make: BrokerMaker;
  readonly settings: KafkaLogSettings;
  readonly signIn: SignIn;
  readonly frames: FramePool;
}

interface Opened {
  readonly broker: KafkaJsBroker;
  readonly connection: KafkaJsConnection;
}

/** Why a link ends for good. After the first nothing can help; after the second the call goes to another broker. */
export type LinkEnd = "the log was closed" | "the broker has left the cluster";

/** How one request is sent. */
export interface SendOptions {
  readonly deadline: Deadline;
  /** How long the broker may take on purpose before it answers: a long poll, or waiting for replicas. */
  readonly expectedWaitMs?: number;
}

/**
 * One socket to one broker: connects on first use and again after it was lost.
 *
 * Requests may overlap; the broker answers them one after the other. An answer that does not come in time kills the socket,
 * so that nothing late can arrive, and fails everything that was in flight on it.
 */
export class Link {
  readonly address: string;
  private readonly host: string;
  private readonly port: number;
  private readonly make: BrokerMaker;
  private readonly settings: KafkaLogSettings;
  private readonly signIn: SignIn;
  private opening: Promise<Opened> | undefined;
  private opened: Opened | undefined;
  private quietUntilMs = 0;
  private inFlightCount = 0;
  private ended: LinkEnd | undefined;
  private readonly frames: FramePool;

  constructor(host: string, port: number, options: LinkOptions) {
    this.host = host;
    this.port = port;
    this.address = `${host}:${port}`;
    this.make = options.make;
    this.settings = options.settings;
    this.signIn = options.signIn;
    this.frames = options.frames;
  }

  /** Requests that wait for their answer. */
  get inFlight(): number {
    return this.inFlightCount;
  }

  /** True when the next request needs no new connection. */
  get isOpen(): boolean {
    return this.opened?.connection.connectionStatus === "connected";
  }

  /**
   * Sends a request and reads its answer.
   *
   * @throws {LostRequest} when there is no answer
   * @throws {StreamError} `AUTHENTICATION_FAILED`, `UNSUPPORTED_BROKER`
   */
  async send<A extends Answer>(request: WireRequest<A>, options: SendOptions): Promise<A> {
    this.inFlightCount++;
    try {
      const opened = await this.open(options.deadline);
      try {
        return await this.sendOn(opened, request, options);
      } catch (error) {
        if (!isRefused(error)) throw error;
        // The session could not be prolonged, so nothing was sent: a new connection signs in with what is valid now.
        if (this.opened === opened) this.drop("signing in again");
        return await this.sendOn(await this.open(options.deadline), request, options);
      }
    } finally {
      this.inFlightCount--;
    }
  }

  /** Kills the socket for good. */
  close(why: LinkEnd): void {
    this.ended = why;
    this.drop(why);
  }

  private async open(deadline: Deadline): Promise<Opened> {
    if (this.ended !== undefined) throw this.lost(this.ended, false);
    if (this.opened !== undefined && this.isOpen) return this.opened;
    this.opened = undefined;
    this.opening ??= this.connect().finally(() => {
      this.opening = undefined;
    });
    return withinDeadline(this.opening, deadline, () => this.lost("connecting takes too long", false));
  }

  private async sendOn<A extends Answer>(
    { broker, connection }: Opened,
    request: WireRequest<A>,
    options: SendOptions,
  ): Promise<A> {
    this.checkVersion(broker, request);
    const quietMs = this.quietUntilMs - performance.now();
    if (quietMs > 0) await this.stayQuiet(quietMs, options.deadline);
    const answer = await this.ask(connection, request, options);
    if (answer.throttleMs > 0) this.quietUntilMs = performance.now() + answer.throttleMs;
    return answer;
  }

  /** Connects; when our credentials are refused, once more with what their secret holds by now, if that is something else. */
  private async connect(): Promise<Opened> {
    const used = await this.readSecret();
    try {
      return await this.connectOnce();
    } catch (error) {
      if (!isRefused(error) || !(await this.signIn.hasChanged(used))) throw error;
      await this.readSecret();
      return await this.connectOnce();
    }
  }

  private readSecret(): Promise<unknown> {
    const timeout = new Deadline(this.settings.connectTimeoutMs);
    return withinDeadline(this.signIn.ready(), timeout, () => this.lost("no credentials in time", false));
  }

  private async connectOnce(): Promise<Opened> {
    const broker = await this.make(this.host, this.port);
    const timeout = new Deadline(this.settings.connectTimeoutMs);
    const connecting = broker.connect();
    try {
      await withinDeadline(connecting, timeout, () => this.lost("no connection in time", false));
      const connection = broker.connectionPool.pool[0];
      if (connection === undefined || this.ended !== undefined) throw this.lost(this.ended ?? "no connection", false);
      this.quietUntilMs = Math.max(this.quietUntilMs, performance.now() + (connection.throttleMs ?? 0));
      this.opened = { broker, connection };
      return this.opened;
    } catch (error) {
      connecting.catch(() => {});
      kill(broker, this.lost("not connected", false));
      throw connectFailure(error, this.address);
    }
  }

  private async ask<A extends Answer>(
    connection: KafkaJsConnection,
    request: WireRequest<A>,
    { deadline, expectedWaitMs = 0 }: SendOptions,
  ): Promise<A> {
    const timeoutMs = this.settings.requestTimeoutMs + expectedWaitMs;
    const isHurried = deadline.remainingMs < timeoutMs;
    const timeout = new Deadline(Math.min(timeoutMs, deadline.remainingMs));
    if (connection.connectionStatus !== "connected") throw this.lost("the connection was lost", false);
    const { frames } = this;
    let frame: Buffer | undefined;
    const sending = exchange(connection, request.api, (correlationId) => {
      frame = encodeFrame(request, { correlationId, clientId: connection.clientId, frames });
      return frame;
    });
    try {
      const body = await withinDeadline(sending, timeout, () => this.lost(`no answer to ${request.api.name}`, true));
      if (frame !== undefined) frames.giveBack(frame); // answered, so all of it has left
      return decodeAnswer(request, body);
    } catch (error) {
      sending.catch(() => {});
      if (!(error instanceof LostRequest)) throw this.sendFailure(error, request.api.name);
      // A caller in a hurry does not take the socket away from others who still wait on it.
      const spare = isHurried && this.inFlightCount > 1;
      if (!spare && this.opened?.connection === connection) this.drop(error.message);
      throw error;
    }
  }

  private sendFailure(error: unknown, name: string): Error {
    const cause = error as Error;
    if (cause instanceof RangeError) {
      return new StreamError("UNSUPPORTED_BROKER", `${this.address} answered ${name} in a form that is not Kafka's`, {
        details: { broker: this.address, request: name },
        cause,
      });
    }
    const failure = connectFailure(error, this.address);
    if (!(failure instanceof LostRequest)) return failure;
    return new LostRequest(this.address, `${name}: ${cause.message}`, { sent: true, timedOut: false, cause });
  }

  private checkVersion(broker: KafkaJsBroker, { api }: WireRequest<Answer>): void {
    const range = broker.versions[api.key];
    if (range !== undefined && range.minVersion <= api.version && api.version <= range.maxVersion) return;
    const offered = range === undefined ? "not at all" : `in versions ${range.minVersion} to ${range.maxVersion}`;
    throw new StreamError(
      "UNSUPPORTED_BROKER",
      `${this.address} speaks ${api.name} ${offered}, needed is ${api.version}: use Kafka 3.6 or newer`,
      { details: { broker: this.address, request: api.name, needed: api.version } },
    );
  }

  private async stayQuiet(quietMs: number, deadline: Deadline): Promise<void> {
    if (quietMs > deadline.remainingMs) throw this.lost("the broker throttles us beyond the deadline", false);
    await deadline.sleep(quietMs);
  }

  private drop(reason: string): void {
    const { opened } = this;
    this.opened = undefined;
    if (opened !== undefined) kill(opened.broker, this.lost(reason, true));
  }

  private lost(reason: string, sent: boolean): LostRequest {
    const closed = this.ended === "the log was closed";
    return new LostRequest(this.address, reason, { sent, timedOut: sent && this.ended === undefined, closed });
  }
}

/** Who we are was not accepted, or no longer. */
function isRefused(error: unknown): boolean {
  return isStreamError(error, "AUTHENTICATION_FAILED") && error.details["refused"] === "credentials";
}
