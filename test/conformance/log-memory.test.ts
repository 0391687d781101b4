import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openLogJournal } from "../../lib/adapters/file/log-journal.ts";
import { createMemoryBroker } from "../../lib/adapters/memory/log/broker.ts";
import type { LogJournal } from "../../lib/adapters/memory/log/events.ts";
import type { MemoryBrokerSettings } from "../../lib/adapters/memory/log/settings.ts";
import { faultyTransport } from "../../lib/adapters/memory/log/transport.ts";
import { SeededRandom, VirtualClock } from "../support/virtual-clock.ts";
import type { LogHarness, LogSubject } from "./log/harness.ts";
import { logContract } from "./log.ts";

/** A memory broker with a clock of its own: what waits takes no real time. */
function memorySubject(
  settings: (random: SeededRandom) => Partial<MemoryBrokerSettings>,
  openJournal: () => LogJournal | undefined = () => undefined,
): LogSubject {
  const raisesEpochs = settings(new SeededRandom(8)).transactionVersion === 2;
  return {
    capabilities: { compaction: true, faults: true, raisesEpochs },
    timeoutSweepMs: 0,
    open: async (): Promise<LogHarness> => {
      const clock = new VirtualClock();
      const random = new SeededRandom(7);
      const journal = openJournal();
      const broker = createMemoryBroker({
        clock,
        random,
        settings: settings(new SeededRandom(8)),
        ...(journal === undefined ? {} : { journal }),
      });
      return {
        connect: async () => broker.connect(),
        deleteTopic: async (topic) => void broker.deleteTopic(topic),
        pass: (ms) => clock.sleep(ms),
        compact: async (topic) => broker.compact(topic),
        connectWithFaults: async () => {
          const { transport, loseAnswers, lostCount } = faultyTransport();
          return { log: broker.connect({ transport }), loseNextAnswer: (api) => loseAnswers(api), lostCount };
        },
        close: async () => broker.close(),
      };
    },
  };
}

logContract(
  "memory, protocol 1, markers at once",
  memorySubject(() => ({ transactionVersion: 1 })),
);

logContract(
  "memory, protocol 1, markers that take their time",
  memorySubject((random) => ({ transactionVersion: 1, markerDelayMs: () => random.next() * 30 })),
);

logContract(
  "memory, protocol 2, markers that take their time",
  memorySubject((random) => ({ transactionVersion: 2, markerDelayMs: () => random.next() * 30 })),
);

const folder = mkdtempSync(join(tmpdir(), "millrace-log-"));
afterAll(() => rmSync(folder, { recursive: true }));

logContract(
  "memory, kept in a folder",
  memorySubject(
    () => ({ markerDelayMs: 2 }),
    () => openLogJournal(folder),
  ),
);
