import type { KafkaLogSettings } from "../options.ts";
import { FramePool } from "./frame-pool.ts";
import { type BrokerMaker, openKafkaJs } from "./kafkajs-door.ts";
import { Link } from "./link.ts";
import { createSignIn, type SignIn } from "./sign-in.ts";

/** Where a broker listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a socket is used for: a request that waits must not hold up one that does not. */
export type Lane = "control" | `data-${number}` | `transaction-${number}` | `fetch-${number}`;

/** All sockets of a log, by broker address and lane; each is opened on first use. */
export class Links {
  /** Memory of large requests and answers. */
  readonly frames = new FramePool();
  private readonly settings: KafkaLogSettings;
  private readonly make: BrokerMaker;
  private readonly signIn: SignIn;
  private readonly links = new Map<string, Link>();
  private isClosed = false;

  constructor(settings: KafkaLogSettings) {
    this.settings = settings;
    this.signIn = createSignIn(settings.sasl);
    this.make = openKafkaJs(settings, { sasl: this.signIn.sasl, frames: this.frames });
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /** The socket of a lane to a broker. */
  to(address: Address, lane: Lane): Link {
    const key = `${address.host}:${address.port}/${lane}`;
    let link = this.links.get(key);
    if (link === undefined) {
      const { make, settings, signIn, frames } = this;
      link = new Link(address.host, address.port, { make, settings, signIn, frames });
      if (this.isClosed) link.close("the log was closed");
      else this.links.set(key, link);
    }
    return link;
  }

  /** The fetch socket of a broker with the least waiting on it; a new one while all are busy and there may be more. */
  toIdleFetch(address: Address): Link {
    let best: Link | undefined;
    for (let i = 0; i < this.settings.fetchConnections; i++) {
      const link = this.to(address, `fetch-${i}`);
      if (link.inFlight === 0) return link;
      if (best === undefined || link.inFlight < best.inFlight) best = link;
    }
    return best ?? this.to(address, "fetch-0");
  }

  /** Closes the sockets to brokers that are no longer part of the cluster; requests in flight look for another one. */
  keepOnly(addresses: readonly Address[]): void {
    const kept = new Set(addresses.map(({ host, port }) => `${host}:${port}`));
    for (const [key, link] of this.links) {
      if (kept.has(link.address)) continue;
      link.close("the broker has left the cluster");
      this.links.delete(key);
    }
  }

  /** Closes every socket; requests in flight fail. */
  close(): void {
    this.isClosed = true;
    for (const link of this.links.values()) link.close("the log was closed");
    this.links.clear();
  }
}
