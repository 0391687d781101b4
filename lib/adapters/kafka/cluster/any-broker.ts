import { StreamError } from "../../../core/errors.ts";
import type { Deadline } from "../transport/deadline.ts";
import type { Link } from "../transport/link.ts";
import type { Address, Links } from "../transport/links.ts";
import { LostRequest } from "../transport/lost-request.ts";
import type { Answer, WireRequest } from "../wire/request.ts";

/** Asks whichever broker answers: those that are connected first, the bootstrap addresses last. */
export class AnyBroker {
  private readonly links: Links;
  private readonly bootstrap: readonly Address[];
  private known: readonly Address[] = [];

  /** @throws {StreamError} `CONFIG_INVALID` for an address that is not `host:port` */
  constructor(links: Links, brokers: readonly string[]) {
    this.links = links;
    this.bootstrap = brokers.map(parseAddress);
    if (brokers.length === 0) throw new StreamError("CONFIG_INVALID", "brokers is empty: name at least one host:port");
  }

  /** Tells which brokers there are now; sockets to others are closed. */
  know(addresses: readonly Address[]): void {
    this.known = addresses;
    this.links.keepOnly([...addresses, ...this.bootstrap]);
  }

  /**
   * @throws {LostRequest} of the last broker when none answers
   * @throws {StreamError} `AUTHENTICATION_FAILED`, `UNSUPPORTED_BROKER`
   */
  async ask<A extends Answer>(request: WireRequest<A>, deadline: Deadline): Promise<A> {
    let last: LostRequest | undefined;
    for (const link of this.candidates()) {
      try {
        return await link.send(request, { deadline });
      } catch (error) {
        if (!(error instanceof LostRequest)) throw error;
        last = error;
        if (deadline.passed) break;
      }
    }
    throw last ?? new LostRequest("no broker", "none is known", { sent: false, timedOut: false });
  }

  private candidates(): Link[] {
    const links = new Set([...this.known, ...this.bootstrap].map((address) => this.links.to(address, "control")));
    return [...links].sort((a, b) => Number(b.isOpen) - Number(a.isOpen));
  }
}

function parseAddress(broker: string): Address {
  const match = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(broker.trim());
  if (match?.[1] !== undefined) return { host: match[1], port: Number(match[2]) };
  throw new StreamError("CONFIG_INVALID", `${broker} is not a broker address: write host:port`, {
    details: { broker },
  });
}
