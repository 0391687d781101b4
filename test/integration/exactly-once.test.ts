import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithServers } from "../support/servers/describe.ts";
import { ChaosRun } from "./chaos/chaos-run.ts";
import { type CheckResult, checkNames } from "./chaos/checks.ts";
import type { WorkerLife } from "./chaos/deployment.ts";
import { freezeAndReplace, killAndReplace, restartBroker, rotateWorker } from "./chaos/faults.ts";

const TRADES = 110_000;
const TRADES_PER_SECOND = 2_600;
const RUN_LIMIT_MS = 400_000;

describeWithServers("exactly once on real servers", ({ s3, dynamodb }) => {
  let run: ChaosRun;
  let results: readonly CheckResult[] = [];
  let zombies: readonly WorkerLife[] = [];
  let rotated: readonly WorkerLife[] = [];
  let logFile = "";

  beforeAll(async () => {
    const feed = { seed: 7, perSecond: TRADES_PER_SECOND, enough: TRADES, producers: 2 };
    run = await ChaosRun.open({ s3, dynamodb, feed });
    const onBoth = <T>(fault: (run: ChaosRun, deployment: ChaosRun["deployments"][number]) => Promise<T>) =>
      Promise.all(run.deployments.map((deployment) => fault(run, deployment)));
    run.start();
    await onBoth(killAndReplace);
    zombies = await onBoth(freezeAndReplace);
    await restartBroker(run);
    rotated = await onBoth(rotateWorker);
    await run.until(`${TRADES} trades are written`, 120_000, () => run.feed.committedCount >= TRADES);
    await run.settle(120_000);
    results = await run.check();
    if (results.some(({ violations }) => violations.length > 0)) logFile = `; the run's log is ${run.saveLog()}`;
  }, RUN_LIMIT_MS);

  afterAll(() => run?.close(), 60_000);

  test.for(checkNames.map((name) => [name] as const))("%s", ([name]) => {
    expect(results.find((result) => result.name === name)?.violations, name + logFile).toEqual([]);
  });

  test("the run saw what it was made for: enough input with aborted transactions, poison, zombies, a rotation", () => {
    expect(run.feed.committedCount).toBeGreaterThanOrEqual(100_000);
    expect(run.feed.transactions.filter(({ outcome }) => outcome === "aborted").length).toBeGreaterThan(10);
    expect(run.redriven).toBeGreaterThan(10);
    expect(zombies.map(({ ended, summary }) => [ended?.code, summary?.ended])).toEqual([
      [0, "revoked"],
      [0, "revoked"],
    ]);
    expect(rotated.map(({ ended, summary }) => [ended?.code, summary?.ended])).toEqual([
      [0, "stopped"],
      [0, "stopped"],
    ]);
  });
});
