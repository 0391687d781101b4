import type { ServerResponse } from "node:http";
import { securityHeaders } from "./replies.ts";

/** A page that takes nothing for this many messages is gone. */
const SKIPPED_MAX = 60;

/**
 * Server-sent events to a bounded number of pages.
 *
 * Every message is a whole state, so a slow page loses nothing when one is left out: messages are never queued for it.
 */
export class EventStream {
  private readonly clients = new Map<ServerResponse, { skipped: number }>();
  private readonly clientsMax: number;

  constructor(clientsMax: number) {
    this.clientsMax = clientsMax;
  }

  get clientCount(): number {
    return this.clients.size;
  }

  /** Starts a stream with one first message; false when there are too many pages already. */
  open(response: ServerResponse, first: { event: string; data: unknown }): boolean {
    if (this.clients.size >= this.clientsMax) return false;
    response.writeHead(200, { ...securityHeaders, "content-type": "text/event-stream; charset=utf-8" });
    response.write(`retry: 1000\n\n${message(first.event, first.data)}`);
    this.clients.set(response, { skipped: 0 });
    response.once("close", () => this.clients.delete(response));
    // A socket that fails also closes; without a listener its error would end the process.
    response.on("error", () => this.clients.delete(response));
    return true;
  }

  /** Sends one message to every page that keeps up. */
  send(event: string, data: unknown): void {
    if (this.clients.size === 0) return;
    const text = message(event, data);
    for (const [response, client] of this.clients) {
      if (!response.writableNeedDrain) {
        client.skipped = 0;
        response.write(text);
      } else if (++client.skipped > SKIPPED_MAX) {
        this.clients.delete(response);
        response.destroy();
      }
    }
  }

  /** Ends every stream. */
  close(): void {
    for (const response of this.clients.keys()) response.end();
    this.clients.clear();
  }
}

function message(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
