import { connect, createServer, type Socket } from "node:net";
import { type RefusableApi, refusableApis, refusalOf } from "./refusals.ts";

/** Kafka requests by number, those whose answers tests lose. */
export const kafkaApiKeys = { Produce: 0, InitProducerId: 22, EndTxn: 26 } as const;

/** A way to a Kafka broker that loses or changes chosen answers. */
export interface AnswerLossProxy {
  readonly port: number;
  /**
   * Lets the broker act on the next request of a kind; when its answer comes, the connection is reset instead.
   * @param apiKey number of the request in Kafka's protocol
   */
  loseNextAnswer(apiKey: number): void;
  /**
   * Answers the next request of a kind with an error code.
   * @param acted true when the broker acts on it all the same, false when it never sees it
   */
  refuseNext(api: RefusableApi, refusal: { readonly code: number; readonly acted: boolean }): void;
  /** Answers lost so far. */
  readonly lostCount: number;
  /** Answers that were changed so far. */
  readonly refusedCount: number;
  close(): Promise<void>;
}

/** What happens to the next request of a kind. */
interface Armed {
  readonly apiKey: number;
  /** Undefined: the answer is lost. */
  readonly refusal?: { readonly code: number; readonly acted: boolean };
}

/** Starts the proxy on a loopback port; the broker must advertise that port, or clients go around it. */
export async function startAnswerLossProxy(options: { port: number; targetPort: number }): Promise<AnswerLossProxy> {
  const proxy = new LossyProxy(options.targetPort);
  await proxy.listen(options.port);
  return proxy;
}

class LossyProxy implements AnswerLossProxy {
  port = 0;
  lostCount = 0;
  refusedCount = 0;
  private readonly targetPort: number;
  private readonly armed: Armed[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer({ noDelay: true }, (client) => this.accept(client));

  constructor(targetPort: number) {
    this.targetPort = targetPort;
  }

  loseNextAnswer(apiKey: number): void {
    this.armed.push({ apiKey });
  }

  refuseNext(api: RefusableApi, refusal: { readonly code: number; readonly acted: boolean }): void {
    this.armed.push({ apiKey: refusableApis[api], refusal });
  }

  async listen(port: number): Promise<void> {
    this.port = port;
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(port, "127.0.0.1", resolve);
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private accept(client: Socket): void {
    const broker = connect({ host: "127.0.0.1", port: this.targetPort, noDelay: true });
    /** What the client gets instead of an answer, by correlation id; undefined: nothing, and no connection any more. */
    const replaced = new Map<number, Buffer | undefined>();
    const end = () => {
      for (const socket of [client, broker]) {
        this.sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of [client, broker]) {
      this.sockets.add(socket);
      socket.on("error", end);
      socket.on("close", end);
    }
    const requests = new FrameSplitter((frame) => {
      const at = this.armed.findIndex(({ apiKey }) => apiKey === frame.readInt16BE(4));
      const [armed] = at === -1 ? [] : this.armed.splice(at, 1);
      const refusal = armed?.refusal && refusalOf(frame, armed.refusal.code);
      if (refusal !== undefined) this.refusedCount++;
      if (refusal !== undefined && armed?.refusal?.acted === false) {
        client.write(refusal);
        return;
      }
      if (armed !== undefined) replaced.set(frame.readInt32BE(8), refusal);
      broker.write(frame);
    });
    const answers = new FrameSplitter((frame) => {
      const correlationId = frame.readInt32BE(4);
      const replacement = replaced.get(correlationId);
      if (replacement !== undefined || !replaced.has(correlationId)) {
        replaced.delete(correlationId);
        client.write(replacement ?? frame);
        return;
      }
      this.lostCount++;
      end();
    });
    client.on("data", (chunk) => requests.push(chunk));
    broker.on("data", (chunk) => answers.push(chunk));
  }
}

/** Cuts a stream into Kafka's frames: a length in four bytes, and as many bytes. */
class FrameSplitter {
  private rest: Buffer = Buffer.alloc(0);
  private readonly onFrame: (frame: Buffer) => void;

  constructor(onFrame: (frame: Buffer) => void) {
    this.onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= 4) {
      const size = 4 + this.rest.readInt32BE(0);
      if (this.rest.length < size) return;
      const frame = this.rest.subarray(0, size);
      this.rest = this.rest.subarray(size);
      this.onFrame(frame);
    }
  }
}
