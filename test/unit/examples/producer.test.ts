import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Trade } from "../../../examples/stock-trade-stats/inputs/trade-source.ts";
import { DemoAudit } from "../../../examples/stock-trade-stats/start/demo-audit.ts";
import { TRADES_TOPIC, TradeProducer } from "../../../examples/stock-trade-stats/start/producer.ts";
import { createMemoryBroker } from "../../../lib/adapters/memory/log/broker.ts";
import { systemClock, systemRandom } from "../../../lib/adapters/system/clock.ts";
import { LogError } from "../../../lib/ports/log.ts";
import { overriding } from "../../support/overriding.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "producer-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const trade = (timestampMs: number): Trade => ({ ticker: "AAPL", price: 10, size: 1, timestampMs, partition: 0 });

test.for([
  { became: "aborted", found: 1 },
  { became: "committed", found: 2 },
] as const)("trades of which no answer told that they were $became are not mistaken", async ({ became, found }) => {
  const broker = createMemoryBroker({ clock: systemClock, random: systemRandom });
  const log = broker.connect();
  await log.createTopics([{ name: TRADES_TOPIC, partitions: 1, replicas: 1, configs: {} }]);
  const audit = new DemoAudit(join(folder, "audit.json"), systemClock);
  let transactors = 0;
  const unsure = overriding(log, {
    transactor: async (options) => {
      const transactor = await log.transactor(options);
      if (++transactors > 1) return transactor;
      const commit = async (): Promise<never> => {
        await (became === "aborted" ? transactor.abort() : transactor.commit());
        throw new LogError("REQUEST_TIMED_OUT", "no answer");
      };
      return overriding(transactor, { commit });
    },
  });
  const stop = new AbortController();
  let turn = 0;
  const producer = new TradeProducer({
    source: {
      name: "generator",
      note: { title: "", real: "", synthetic: "" },
      tickers: ["AAPL"],
      next: (_elapsedMs, _factor, emit) => {
        emit(trade(turn++));
        return 1;
      },
    },
    log: unsure,
    clock: systemClock,
    audit: audit.audit,
    settle: () => audit.catchUp(log, 1),
    loadFactor: 1,
    lastEventMs: 0,
  });
  await expect(producer.run(stop.signal)).rejects.toThrow("no answer");
  expect(audit.audit.reach(0, 10)).toBe("behind");
  const second = producer.run(stop.signal);
  await expect.poll(() => producer.total).toBeGreaterThan(0);
  stop.abort();
  await second;
  expect(audit.audit.waitingRecords).toBe(producer.total + found - 1);
  broker.close();
});
