import { connect, createServer, type Server, type Socket } from "node:net";

/** Which way bytes flow: from the client to the server, or back. */
export type Direction = "to-server" | "to-client";

/** A way to a server on which faults can be put. Every fault lasts until `heal`. */
export interface TcpProxy {
  /** Loopback port that clients connect to. */
  readonly port: number;
  /** Connections open now. */
  readonly openCount: number;
  /** Connections accepted since the start. */
  readonly acceptedCount: number;
  /** Bytes forwarded since the start. */
  readonly forwardedBytes: Readonly<Record<Direction, number>>;
  /** Resets every open connection; new ones are let through. */
  cut(): void;
  /** Swallows bytes: connections stay open and nothing arrives. Without a direction, both ways. */
  blackhole(direction?: Direction): void;
  /** Delays every byte of a direction. Without a direction, both ways. */
  delay(ms: number, direction?: Direction): void;
  /** Resets every open connection and every new one at once. */
  refuse(): void;
  /**
   * Forwards `bytes` more of a direction, over all connections, then resets them all, once: 0 loses the next answer
   * after the server got the request, a few bytes tear it.
   */
  cutAfter(bytes: number, direction: Direction): void;
  /** Ends every fault. Connections that lost bytes are reset, because a hole in a stream is not a network fault. */
  heal(): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free loopback port. */
export async function startTcpProxy(options: {
  readonly targetPort: number;
  readonly targetHost?: string;
  /** A free one by default. */
  readonly port?: number;
}): Promise<TcpProxy> {
  const proxy = new FaultProxy(options.targetHost ?? "127.0.0.1", options.targetPort);
  await proxy.listen(options.port ?? 0);
  return proxy;
}

const directions = ["to-server", "to-client"] as const;

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** True once bytes were swallowed. */
  holed: boolean;
  /** Delayed acts in order, and when the last of them is due. */
  readonly delayed: Record<Direction, (() => void)[]>;
  readonly lastDueMs: Record<Direction, number>;
}

class FaultProxy implements TcpProxy {
  port = 0;
  acceptedCount = 0;
  readonly forwardedBytes: Record<Direction, number> = { "to-server": 0, "to-client": 0 };
  readonly #target: { host: string; port: number };
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #refusing = false;
  #swallow: Record<Direction, boolean> = { "to-server": false, "to-client": false };
  #delayMs: Record<Direction, number> = { "to-server": 0, "to-client": 0 };
  #bytesLeft: Record<Direction, number> = { "to-server": Infinity, "to-client": Infinity };

  constructor(host: string, port: number) {
    this.#target = { host, port };
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  get openCount(): number {
    return this.#links.size;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", resolve);
    });
    const address = this.#server.address();
    if (address !== null && typeof address !== "string") this.port = address.port;
  }

  cut(): void {
    for (const link of [...this.#links]) this.#reset(link);
  }

  blackhole(direction?: Direction): void {
    for (const each of direction === undefined ? directions : [direction]) this.#swallow[each] = true;
  }

  delay(ms: number, direction?: Direction): void {
    for (const each of direction === undefined ? directions : [direction]) this.#delayMs[each] = ms;
  }

  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  cutAfter(bytes: number, direction: Direction): void {
    this.#bytesLeft[direction] = bytes;
  }

  heal(): void {
    this.#refusing = false;
    this.#swallow = { "to-server": false, "to-client": false };
    this.#delayMs = { "to-server": 0, "to-client": 0 };
    this.#bytesLeft = { "to-server": Infinity, "to-client": Infinity };
    for (const link of [...this.#links]) if (link.holed) this.#reset(link);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #accept(client: Socket): void {
    this.acceptedCount++;
    if (this.#refusing) {
      client.on("error", () => {});
      client.resetAndDestroy();
      return;
    }
    const link: Link = {
      client,
      server: connect({ ...this.#target, noDelay: true }),
      holed: false,
      delayed: { "to-server": [], "to-client": [] },
      lastDueMs: { "to-server": 0, "to-client": 0 },
    };
    this.#links.add(link);
    this.#pipe(link, "to-server");
    this.#pipe(link, "to-client");
  }

  #pipe(link: Link, direction: Direction): void {
    const [source, target] = direction === "to-server" ? [link.client, link.server] : [link.server, link.client];
    source.on("data", (chunk) => this.#forward(link, direction, { chunk, source, target }));
    source.on("end", () => this.#later(link, direction, () => target.end()));
    source.on("error", () => this.#reset(link));
    source.on("close", () => {
      if (link.client.closed && link.server.closed) this.#links.delete(link);
    });
  }

  #forward(link: Link, direction: Direction, flow: { chunk: Buffer; source: Socket; target: Socket }): void {
    if (this.#swallow[direction]) {
      link.holed = true;
      return;
    }
    const { source, target } = flow;
    const chunk = flow.chunk.subarray(0, this.#bytesLeft[direction]);
    const last = this.#bytesLeft[direction] <= flow.chunk.length;
    this.#bytesLeft[direction] = last ? Infinity : this.#bytesLeft[direction] - chunk.length;
    this.#later(link, direction, () => {
      this.forwardedBytes[direction] += chunk.length;
      const roomy = target.write(chunk, () => {
        if (last) this.cut();
      });
      if (roomy) return;
      source.pause();
      target.once("drain", () => source.resume());
    });
  }

  /** Acts now or when the delay has passed, in order even when the delay was changed meanwhile. */
  #later(link: Link, direction: Direction, act: () => void): void {
    const now = performance.now();
    const due = Math.max(now + this.#delayMs[direction], link.lastDueMs[direction]);
    const queue = link.delayed[direction];
    if (due <= now && queue.length === 0) {
      act();
      return;
    }
    link.lastDueMs[direction] = due;
    queue.push(act);
    // any timer lets the oldest go first
    setTimeout(() => {
      const oldest = queue.shift();
      if (this.#links.has(link)) oldest?.();
    }, due - now);
  }

  #reset(link: Link): void {
    this.#links.delete(link);
    for (const socket of [link.client, link.server]) {
      socket.removeAllListeners("error");
      socket.on("error", () => {});
      socket.resetAndDestroy();
    }
  }
}
