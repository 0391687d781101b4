import * as net from "node:net";
import * as tls from "node:tls";
import { type ISocketFactoryArgs, Kafka, type LogEntry, logLevel, type SASLOptions } from "kafkajs";
import type { KafkaLogSettings } from "../options.ts";
import type { Api } from "../wire/request.ts";
import type { FramePool } from "./frame-pool.ts";
import { FrameReceiver } from "./frame-receiver.ts";

/**
 * The only file that knows kafkajs, and the list of what we configure or patch away in it.
 *
 * kafkajs 2.2.4 gives us sockets, framing, correlation of answers, ApiVersions, TLS and SASL. We do not use its consumer,
 * producer, cluster or metadata. What is wrong for us, and what is done about it here:
 *
 * 1. *It has no door to its connections.* A `partitionAssigners` factory receives the live cluster when a consumer is
 *    made, without connecting or joining anything; from it come `connectionPoolBuilder` and `createBroker`.
 * 2. *A 1 ms timer runs for ever on each connection that was used* (`scheduleCheckPendingRequests` re-arms itself with a
 *    negative delay: about 2.5 % of a CPU, and a warning on Node 24). Nothing ever waits in that queue here, so it is replaced by a no-op.
 * 3. *Its request timeout polls every 100 ms and leaves the socket open*, so an answer may still come. Ours is off
 *    (`enforceRequestTimeout: false`); `Link` has a deadline per request and destroys the socket when it passes.
 * 4. *Connecting may take 1 s only*: too short for TLS to a busy broker. `connectTimeoutMs`, 5 s by default.
 * 5. *Sockets wait to fill packets (Nagle) and notice a dead peer after 60 s or never.* Own `socketFactory`: no delay,
 *    keep-alive after 10 s, and an abrupt close ends the connection (kafkajs listens to `end` and `error` only).
 * 6. *`brokerPool.withBroker` swallows authentication errors.* Never called: a `Link` connects by itself and sees them.
 * 7. *`disconnect()` waits for requests in flight*, on a dead socket for ever. `kill` rejects them and destroys the socket.
 * 8. *It shares one socket per broker for everything but Fetch.* Each `Link` has a connection of its own.
 * 9. *It copies every request three times into zero-filled buffers.* `exchange` puts a finished frame on its queue and
 *    socket; kafkajs still matches the answer to it.
 * 10. *It logs to the console.* Routed to our `Logger` at debug level, or silenced.
 * 11. *It prolongs sessions 10 s before they end, however short they are*: one of 10 s would be prolonged with every request.
 *     Done when a fifth of the session is left.
 * 12. *Its OAUTHBEARER does not hear a refusal*: `oauth-bearer.ts` is put in its place.
 * 13. *It throttles itself with the timer of 2*, and what waits then waits for ever. `throttleMs` tells the `Link` instead.
 * 14. *It copies every answer twice more*, from chunks that Node allocates. Our socket reads frames (`frame-receiver.ts`) and
 *     `processData` gets one at a time, with nothing waiting in front of it that it would be joined to.
 * 15. *Its PLAIN and SCRAM take a lost connection for a refusal*: `connect-failure.ts` tells them apart.
 */

/** SASL as kafkajs reads it from its configuration, at each authentication. */
export type KafkaJsSasl =
  | { readonly mechanism: string; readonly username: string; readonly password: string }
  | { readonly mechanism: string; readonly authenticationProvider: KafkaJsAuthenticator };

/** Makes what authenticates one connection. */
export type KafkaJsAuthenticator = (connection: {
  readonly host: string;
  readonly port: number;
  /** One message to the broker; what it answers is decoded with its size in front. */
  saslAuthenticate<T>(exchange: {
    readonly request: { encode(): Promise<Buffer> };
    readonly response: { decode(bytes: Buffer): Promise<T>; parse(answer: T): Promise<T> };
  }): Promise<T>;
}) => { authenticate(): Promise<void> };

/** A kafkajs connection, as far as we use it. */
export interface KafkaJsConnection {
  readonly connectionStatus: string;
  readonly clientId: string;
  readonly sasl: unknown;
  /** Milliseconds in a 64-bit integer of kafkajs's; 0 for a session without end. */
  readonly sessionLifetime: { toString(): string };
  readonly socket: net.Socket | undefined;
  readonly authHandlers: { onError(): void } | null;
  /** How long the broker has asked for quiet in answers to requests of kafkajs's own. */
  throttleMs?: number;
  readonly requestQueue: {
    push(request: KafkaJsRequest): void;
    scheduleCheckPendingRequests(): void;
    maybeThrottle(throttleMs: number | null): void;
    destroy(): void;
  };
  /** What has come and belongs to no answer yet. */
  chunks: Buffer[];
  readonly bytesBuffered: number;
  processData(data: Buffer): void;
  nextCorrelationId(): number;
  isAuthenticated(): boolean;
  authenticate(): Promise<void>;
  rejectRequests(error: Error): void;
  disconnect(): Promise<unknown>;
}

/** A request as kafkajs's queue takes it. */
interface KafkaJsRequest {
  readonly entry: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly correlationId: number;
    resolve(answer: { readonly payload: Buffer }): void;
    reject(error: Error): void;
  };
  readonly expectResponse: true;
  readonly requestTimeout: null;
  sendRequest(): void;
}

/** A kafkajs broker with two connections, of which we use the first. */
export interface KafkaJsBroker {
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>;
  readonly connectionPool: { readonly pool: readonly KafkaJsConnection[] };
  connect(): Promise<void>;
}

interface KafkaJsCluster {
  readonly connectionPoolBuilder: {
    build(address: { host: string; port: number }): Promise<KafkaJsBroker["connectionPool"]>;
  };
  readonly rootLogger: unknown;
  readonly brokerPool: {
    createBroker(options: { connectionPool: KafkaJsBroker["connectionPool"]; logger: unknown }): KafkaJsBroker;
  };
}

/** Share of a session after which it is prolonged; of a token's life, after which a new one is asked for. */
export const USED_SHARE = 0.8;

/** Makes brokers that are not yet connected. */
export type BrokerMaker = (host: string, port: number) => Promise<KafkaJsBroker>;

/** What brokers are made with. */
interface DoorOptions {
  readonly sasl: KafkaJsSasl | undefined;
  /** Where answers are read into. */
  readonly frames: FramePool;
}

/** Opens the door to kafkajs's connections; nothing connects yet. */
export function openKafkaJs(settings: KafkaLogSettings, options: DoorOptions): BrokerMaker {
  const cluster = captureCluster(makeClient(settings, options));
  return async (host, port) => {
    const connectionPool = await cluster.connectionPoolBuilder.build({ host, port });
    for (const connection of connectionPool.pool) {
      connection.requestQueue.scheduleCheckPendingRequests = () => {};
      connection.requestQueue.maybeThrottle = (throttleMs) => {
        if (throttleMs !== null) connection.throttleMs = throttleMs;
      };
      const processData = connection.processData.bind(connection);
      connection.processData = (data) => {
        if (connection.bytesBuffered === 0) connection.chunks = [];
        processData(data);
      };
      Object.defineProperty(connection, "reauthenticationThreshold", {
        get: () => Math.ceil(Number(connection.sessionLifetime.toString()) * (1 - USED_SHARE)),
      });
    }
    return cluster.brokerPool.createBroker({ connectionPool, logger: cluster.rootLogger });
  };
}

/**
 * Sends a finished frame and resolves with the body of its answer. Authenticates again first when the session is about to
 * end.
 *
 * @param frame Makes the frame, its size field included, for a correlation id; called when it is written.
 */
export async function exchange(
  connection: KafkaJsConnection,
  api: Api,
  frame: (correlationId: number) => Buffer,
): Promise<Buffer> {
  if (connection.sasl && !connection.isAuthenticated()) await connection.authenticate();
  if (connection.connectionStatus !== "connected") throw new Error("the connection was lost while authenticating");
  return new Promise((resolve, reject) => {
    const correlationId = connection.nextCorrelationId();
    connection.requestQueue.push({
      entry: {
        apiKey: api.key,
        apiVersion: api.version,
        apiName: api.name,
        correlationId,
        resolve: ({ payload }) => resolve(payload),
        reject,
      },
      expectResponse: true,
      requestTimeout: null,
      sendRequest: () => connection.socket?.write(frame(correlationId)),
    });
  });
}

/** Ends a connection now: requests in flight fail, the socket is gone. */
export function kill(broker: KafkaJsBroker, reason: Error): void {
  for (const connection of broker.connectionPool.pool) {
    connection.authHandlers?.onError();
    connection.rejectRequests(reason);
    connection.requestQueue.destroy();
    connection.socket?.destroy();
    connection.disconnect().catch(() => {}); // only sets its status: nothing is in flight any more
  }
}

function makeClient(settings: KafkaLogSettings, { sasl, frames }: DoorOptions): Kafka {
  const { ssl, logger } = settings;
  return new Kafka({
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    connectionTimeout: settings.connectTimeoutMs,
    authenticationTimeout: settings.connectTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    enforceRequestTimeout: false,
    retry: { retries: 0 },
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl: sasl as SASLOptions }),
    socketFactory: (place) => openSocket(place, frames),
    logLevel: logger === undefined ? logLevel.NOTHING : logLevel.WARN,
    logCreator: () => (entry: LogEntry) => {
      logger?.debug("kafkajs", { message: entry.log.message, broker: entry.log["broker"] });
    },
  });
}

function captureCluster(client: Kafka): KafkaJsCluster {
  let captured: unknown;
  client.consumer({
    groupId: "never-joined",
    allowAutoTopicCreation: false,
    partitionAssigners: [
      ({ cluster }) => {
        captured = cluster;
        return {
          name: "never-asked",
          version: 1,
          assign: async () => [],
          protocol: () => ({ name: "never-asked", metadata: Buffer.alloc(0) }),
        };
      },
    ],
  });
  // The published type lists other members than the ones that exist at run time.
  return captured as KafkaJsCluster;
}

function openSocket({ host, port, ssl, onConnect }: ISocketFactoryArgs, frames: FramePool): net.Socket {
  const receiver = new FrameReceiver(frames, (frame) => socket.emit("data", frame));
  const onread = {
    buffer: () => receiver.room(),
    callback: (count: number) => {
      receiver.received(count);
      return true;
    },
  };
  const place = { host, port, onread };
  const socket: net.Socket = ssl
    ? tls.connect({ ...place, ...(net.isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
    : net.connect(place, onConnect);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 10_000);
  socket.on("close", (hadError) => {
    // kafkajs hears of a close without FIN only through `end`.
    if (!hadError && !socket.readableEnded) socket.emit("end");
  });
  return socket;
}
