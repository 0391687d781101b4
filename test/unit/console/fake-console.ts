import type { ConsoleActions, ConsoleState, LookUpQuery } from "../../../lib/console/state.ts";
import type { Clock } from "../../../lib/ports/clock.ts";

/** A small state: what a test changes is the argument. */
export function consoleState(change: Partial<ConsoleState> = {}): ConsoleState {
  return {
    app: {
      id: "stock-trades",
      mode: "embedded",
      log: "embedded log",
      workers: "in this process",
      version: "0.0.0",
      startedAtMs: 0,
    },
    nowMs: 1_000,
    status: "running",
    input: { title: "Generated", real: "r", synthetic: "s", perSecond: 10, total: 20, loadFactor: 1, loadFactorMax: 4 },
    processed: { perSecond: 9, total: 18 },
    lagByPartition: [1, null],
    plan: { workers: 1, reason: "load" },
    workers: [
      {
        id: "w1",
        status: "ready",
        pins: [0, 1],
        perSecond: 9,
        total: 18,
        startedAtMs: 0,
        remainingMs: null,
        endedAtMs: null,
      },
    ],
    pins: [],
    snapshots: { total: 0, recent: [] },
    audit: {
      status: "waiting",
      records: 0,
      tableCount: 0,
      expectedCount: 0,
      difference: 0,
      rowsCompared: 0,
      rowsDiffering: 0,
      outputs: 0,
      outputsExpected: 0,
      lateWindows: 0,
      comparisons: 0,
      comparedAtMs: null,
      examples: [],
    },
    table: { store: "trade-stats", streamTimeMs: null, windowSizeMs: 5_000, rows: [] },
    takeovers: [],
    events: [],
    ...change,
  };
}

/** A clock whose sleepers wake when the test says so. */
export function steppedClock(): Clock & { wake(): Promise<void> } {
  let sleepers: (() => void)[] = [];
  return {
    nowMs: () => 0,
    monotonicMs: () => 0,
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        sleepers.push(resolve);
        signal?.addEventListener("abort", () => resolve(), { once: true });
        if (signal?.aborted) resolve();
      }),
    wake: async () => {
      const woken = sleepers;
      sleepers = [];
      for (const wake of woken) wake();
      await Promise.resolve();
    },
  };
}

/** Actions that note what they were asked to do. */
export function notingActions(): ConsoleActions & { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  return {
    asked,
    kill: async (worker) => {
      asked.push({ kill: worker });
      return worker === "w1" ? { kind: "killed" } : { kind: "gone" };
    },
    setLoad: (factor) => {
      asked.push({ load: factor });
    },
    lookUp: async (query: LookUpQuery) => {
      asked.push(query);
      return {
        store: query.store,
        key: query.key,
        freshness: query.freshness,
        pin: 0,
        rows: [],
        position: { "trades:0": 18 },
        snapshotVersion: null,
        tailRecords: 0,
        tookMs: 1,
      };
    },
  };
}
