import type { CallHook, LineSwitch } from "../../lib/adapters/in-process/severable.ts";
import type { MemoryApi, MemoryTransport } from "../../lib/adapters/memory/log/transport.ts";
import { StreamError } from "../../lib/core/errors.ts";
import { LogError } from "../../lib/ports/log.ts";
import { keyedRandom } from "./keyed-random.ts";
import type { SimClock } from "./sim-clock.ts";
import type { Trace } from "./trace.ts";

/** What can be ordered for the calls of one worker. */
export interface CallFaults {
  /** Ratio of requests whose answer is lost although the other side acted. */
  loseAnswerRatio: number;
  /** Ratio of requests that never arrive. */
  loseRequestRatio: number;
  /** Ratio of lost requests that arrive anyway, late. */
  lateRequestRatio: number;
  /** The next request of this kind freezes its worker first, and is delivered when it is thawed. */
  freezeAt: { api: MemoryApi; forMs: number } | undefined;
  /** The lease table does not answer until then; the log does. */
  leasesSilentUntilMs: number;
}

/** After this long a call to the lease table gives up, as the real adapter does. */
const LEASE_DEADLINE_MS = 6_000;

/** The network of one worker: latencies and faults, every choice from the seed. */
export class Network {
  readonly faults: CallFaults = {
    loseAnswerRatio: 0,
    loseRequestRatio: 0,
    lateRequestRatio: 0.5,
    freezeAt: undefined,
    leasesSilentUntilMs: 0,
  };
  private readonly clock: SimClock;
  private readonly line: LineSwitch;
  private readonly draw: (index: number) => number;
  private readonly trace: Trace;
  private readonly name: string;
  private calls = 0;

  constructor(options: { seed: number; name: string; clock: SimClock; line: LineSwitch; trace: Trace }) {
    this.clock = options.clock;
    this.line = options.line;
    this.trace = options.trace;
    this.name = options.name;
    this.draw = keyedRandom(options.seed, `network of ${options.name}`);
  }

  /** Requests to the log. */
  readonly transport: MemoryTransport = async (call) => {
    const index = this.calls++ * 8;
    await this.freezeIfOrdered(call.api);
    await this.clock.sleep(this.latencyMs(index));
    if (this.line.mode === "cut") return never();
    if (this.draw(index + 1) < this.faults.loseRequestRatio) {
      this.trace.add(this.name, `lost request ${call.api}`);
      if (this.draw(index + 2) < this.faults.lateRequestRatio) {
        this.clock.at(this.clock.monotonicMs() + 1 + this.draw(index + 3) * 4_000, () => {
          this.trace.add(this.name, `late ${call.api}`);
          call.deliver();
        });
      }
      await this.clock.sleep(50);
      return this.settle(() => {
        throw new LogError("NETWORK_EXCEPTION", `the request ${call.api} was lost`);
      });
    }
    const answer = call.deliver();
    await this.clock.sleep(this.latencyMs(index + 4));
    const lost = this.draw(index + 5) < this.faults.loseAnswerRatio;
    if (lost) this.trace.add(this.name, `lost answer ${call.api}`);
    return this.settle(() => {
      if (lost) throw new LogError("NETWORK_EXCEPTION", `the answer of ${call.api} was lost`);
      return answer;
    });
  };

  /** Calls of leases and objects: an answer that is lost for good after the adapter's own settling. */
  hook(code: "LEASE_TABLE_UNAVAILABLE" | "OBJECT_STORE_UNAVAILABLE"): CallHook {
    return {
      before: async () => {
        const index = this.calls++ * 8;
        if (code === "LEASE_TABLE_UNAVAILABLE") await this.waitWhileSilent();
        await this.clock.sleep(this.latencyMs(index));
        if (this.draw(index + 1) < this.faults.loseRequestRatio / 4)
          throw new StreamError(code, "the request was lost");
      },
      after: async (method) => {
        const index = this.calls++ * 8;
        await this.clock.sleep(this.latencyMs(index));
        if (this.draw(index + 1) >= this.faults.loseAnswerRatio / 4) return;
        this.trace.add(this.name, `lost answer ${method}`);
        throw new StreamError(code, "the answer was lost");
      },
    };
  }

  private async waitWhileSilent(): Promise<void> {
    const silentMs = this.faults.leasesSilentUntilMs - this.clock.monotonicMs();
    if (silentMs <= 0) return;
    await this.clock.sleep(Math.min(silentMs, LEASE_DEADLINE_MS));
    if (silentMs > LEASE_DEADLINE_MS)
      throw new StreamError("LEASE_TABLE_UNAVAILABLE", "the lease table does not answer");
  }

  private latencyMs(index: number): number {
    const drawn = this.draw(index);
    return drawn < 0.02 ? 40 + drawn * 2_000 : 0.2 + drawn * 2;
  }

  private async freezeIfOrdered(api: MemoryApi): Promise<void> {
    const order = this.faults.freezeAt;
    if (order === undefined || order.api !== api) return;
    this.faults.freezeAt = undefined;
    this.trace.add(this.name, `frozen at ${api}`);
    this.line.freeze();
    this.clock.at(this.clock.monotonicMs() + order.forMs, () => this.line.thaw());
    await this.settle(() => undefined);
  }

  /** Through the line: now, when thawed, or never. */
  private settle<T>(answer: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.line.deliver(() => {
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}

function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}
