import { StreamError } from "../../../core/errors.ts";
import type { Clock } from "../../../ports/clock.ts";
import { BrokerState } from "./broker-state.ts";
import type { BrokerEvent, LogJournal } from "./events.ts";
import type { MemoryBrokerSettings } from "./settings.ts";

/** What broker parts stand on. */
export interface CoreOptions {
  readonly clock: Clock;
  readonly settings: MemoryBrokerSettings;
  readonly journal: LogJournal | undefined;
}

/** State, journal and time of one broker; its parts change the state through `emit` inside `request`. */
export class BrokerCore {
  readonly state = new BrokerState();
  readonly clock: Clock;
  readonly settings: MemoryBrokerSettings;
  private readonly journal: LogJournal | undefined;
  private unwritten: BrokerEvent[] = [];
  private stopped: string | undefined;

  constructor(options: CoreOptions) {
    this.clock = options.clock;
    this.settings = options.settings;
    this.journal = options.journal;
    try {
      this.journal?.replay((event) => this.state.apply(event));
      this.journal?.rewrite(this.state.batchBytes, () => this.state.asEvents());
    } catch (error) {
      this.journal?.close(); // nobody else can: there is no broker
      throw error;
    }
  }

  /** Changes the state; the event is kept before the request that made it is answered. */
  emit(event: BrokerEvent): void {
    this.state.apply(event);
    if (this.journal !== undefined) this.unwritten.push(event);
  }

  /**
   * Runs one request to its end.
   * @throws {StreamError} `LOG_UNAVAILABLE` when the broker is closed or could not write its journal
   */
  request<T>(handle: () => T): T {
    if (this.stopped !== undefined) throw new StreamError("LOG_UNAVAILABLE", this.stopped);
    const answer = handle();
    this.write();
    return answer;
  }

  /** Ends the broker: every later request fails. */
  close(): void {
    if (this.stopped !== undefined) return;
    this.stopped = "the memory broker is closed";
    this.journal?.close();
  }

  private write(): void {
    if (this.unwritten.length === 0) return;
    const events = this.unwritten;
    this.unwritten = [];
    try {
      this.journal?.append(events);
    } catch (cause) {
      // State is now ahead of the journal: answering anything else would be a promise that a restart breaks.
      this.stopped = "the memory broker could not write its journal";
      throw new StreamError("LOG_UNAVAILABLE", this.stopped, { cause });
    }
  }
}
