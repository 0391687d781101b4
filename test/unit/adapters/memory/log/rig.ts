import { createMemoryBroker, type MemoryBroker } from "../../../../../lib/adapters/memory/log/broker.ts";
import type { LogJournal } from "../../../../../lib/adapters/memory/log/events.ts";
import type { MemoryBrokerSettings } from "../../../../../lib/adapters/memory/log/settings.ts";
import { faultyTransport } from "../../../../../lib/adapters/memory/log/transport.ts";
import type { Log, Transactor } from "../../../../../lib/ports/log.ts";
import { batchOf, type ReadRow, type Row, rowsOf } from "../../../../conformance/log/scene.ts";
import { SeededRandom, VirtualClock } from "../../../../support/virtual-clock.ts";

/** A broker with one topic `t` of two partitions, and short ways to use it. */
export class Rig {
  readonly clock: VirtualClock;
  readonly broker: MemoryBroker;
  readonly log: Log;

  constructor(options: { settings?: Partial<MemoryBrokerSettings>; journal?: LogJournal; clock?: VirtualClock } = {}) {
    this.clock = options.clock ?? new VirtualClock();
    const { settings = {}, journal } = options;
    const random = new SeededRandom(3);
    this.broker = createMemoryBroker({
      clock: this.clock,
      random,
      settings,
      ...(journal === undefined ? {} : { journal }),
    });
    this.log = this.broker.connect();
  }

  async topic(configs: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.log.createTopics([{ name: "t", partitions: 2, replicas: -1, configs }]);
  }

  transactor(transactionalId: string, log: Log = this.log, timeoutMs = 10_000): Promise<Transactor> {
    return log.transactor({ transactionalId, transactionTimeoutMs: timeoutMs, deadlineMs: 5_000 });
  }

  async open(transactionalId: string, rows: readonly (Row | string)[], log: Log = this.log): Promise<Transactor> {
    const transactor = await this.transactor(transactionalId, log);
    transactor.begin();
    await send(transactor, rows);
    return transactor;
  }

  async write(transactionalId: string, rows: readonly (Row | string)[]): Promise<Transactor> {
    const transactor = await this.open(transactionalId, rows);
    await transactor.commit();
    return transactor;
  }

  /** A client whose network can be told what to lose. */
  faulty() {
    const { transport, ...faults } = faultyTransport();
    return { log: this.broker.connect({ transport }), ...faults };
  }

  async rows(from = 0): Promise<readonly ReadRow[]> {
    const rows: ReadRow[] = [];
    const end = await this.offset("lso");
    for (let next = from; next < end; ) {
      const request = {
        positions: new Map([["t:0", next] as const]),
        maxWaitMs: 0,
        maxBytes: 1 << 20,
        maxPartitionBytes: 1 << 20,
      };
      const answer = (await this.log.fetch(request)).get("t:0");
      rows.push(...rowsOf(answer));
      if (answer?.kind !== "records" || answer.next <= next) throw new Error(`reading stands still at ${next}`);
      next = answer.next;
    }
    return rows;
  }

  async values(): Promise<(string | undefined)[]> {
    return (await this.rows()).map(({ value }) => value?.toString());
  }

  async offset(at: "earliest" | "lso" | "hw"): Promise<number> {
    return (await this.log.offsets([{ topic: "t", partition: 0 }], at)).get("t:0") ?? -1;
  }
}

/** Sends rows to partition 0 of `t`. */
export async function send(transactor: Transactor, rows: readonly (Row | string)[]): Promise<void> {
  await transactor.send([{ topic: "t", partition: 0, records: batchOf(rows) }]);
}
