import type { StreamError } from "../core/errors.ts";
import type { StoppedPin } from "../ports/lease-table.ts";

/**
 * Pins that stopped with an error that trying again at once does not cure.
 *
 * The worker leaves such a pin alone and reports it until the plan takes it away: then the coordinator has heard of it and
 * holds it off. When the plan gives it back, it is tried again.
 */
export class StoppedPins {
  private readonly waiting = new Map<number, StreamError>();
  private readonly last = new Map<number, StreamError>();

  /** A pin stopped. */
  add(pin: number, error: StreamError): void {
    this.waiting.set(pin, error);
    this.last.set(pin, error);
  }

  /** The plan gives these pins to the worker: a stopped one that is not among them may be tried again later. */
  follow(assigned: readonly number[]): void {
    for (const pin of [...this.waiting.keys()]) if (!assigned.includes(pin)) this.waiting.delete(pin);
  }

  /** True while the pin is left alone. */
  has(pin: number): boolean {
    return this.waiting.has(pin);
  }

  /** What the coordinator has to hear. */
  report(): readonly StoppedPin[] {
    return [...this.waiting].map(([pin, { code }]) => ({ pin, code }));
  }

  /** The last error of every pin that ever stopped. */
  errors(): readonly { readonly pin: number; readonly error: StreamError }[] {
    return [...this.last].map(([pin, error]) => ({ pin, error }));
  }
}
