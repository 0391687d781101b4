import { connect, createServer, type Socket } from "node:net";

/** Kafka requests by number, those whose answers tests lose. */
export const kafkaApiKeys = { Produce: 0, InitProducerId: 22, EndTxn: 26 } as const;

/** A way to a Kafka broker that loses chosen answers. */
export interface AnswerLossProxy {
  readonly port: number;
  /**
   * Lets the broker act on the next request of a kind; when its answer comes, the connection is reset instead.
   * @param apiKey number of the request in Kafka's protocol
   */
  loseNextAnswer(apiKey: number): void;
  /** Answers lost so far. */
  readonly lostCount: number;
  close(): Promise<void>;
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
  private readonly targetPort: number;
  private readonly armed: number[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer({ noDelay: true }, (client) => this.accept(client));

  constructor(targetPort: number) {
    this.targetPort = targetPort;
  }

  loseNextAnswer(apiKey: number): void {
    this.armed.push(apiKey);
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
    /** Requests of this connection whose answers are to be lost, by correlation id. */
    const doomed = new Set<number>();
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
      const at = this.armed.indexOf(frame.readInt16BE(4));
      if (at !== -1) {
        this.armed.splice(at, 1);
        doomed.add(frame.readInt32BE(8));
      }
      broker.write(frame);
    });
    const answers = new FrameSplitter((frame) => {
      if (!doomed.has(frame.readInt32BE(4))) {
        client.write(frame);
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
