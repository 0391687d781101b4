import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithServers } from "../support/servers/describe.ts";
import { chaosSettings } from "./chaos/apps.ts";
import { ChaosRun } from "./chaos/chaos-run.ts";
import { type CheckResult, checkNames } from "./chaos/checks.ts";
import type { Deployment } from "./chaos/deployment.ts";

const TRADES = 110_000;
const RUN_LIMIT_MS = 400_000;
/** The broker looks for transactions that are open too long every half second. */
const TIMEOUT_SWEEP_MS = 1_000;

describeWithServers("exactly once on real servers", ({ s3, dynamodb }) => {
  let run: ChaosRun;
  let results: readonly CheckResult[] = [];
  const zombies: { app: string; ended: string | undefined; code: number | null | undefined }[] = [];
  const rotated: { app: string; code: number | null | undefined }[] = [];

  beforeAll(async () => {
    run = await ChaosRun.open({ s3, dynamodb, feed: { seed: 7, perSecond: 2_600, trades: TRADES, producers: 2 } });
    run.start();
    await Promise.all(run.deployments.map(kill));
    await Promise.all(run.deployments.map(freeze));
    await restartBroker();
    await Promise.all(run.deployments.map(rotate));
    await run.settle(120_000);
    results = await run.check();
  }, RUN_LIMIT_MS);

  afterAll(async () => {
    await run?.close();
  }, 60_000);

  async function kill(deployment: Deployment): Promise<void> {
    const victim = await run.victim(deployment);
    const pins = deployment.pinsOf(victim.worker);
    victim.fault = "killed";
    await deployment.launcher.kill(victim.worker);
    await run.untilTakenOver(deployment, { worker: victim.worker, pins });
  }

  /** Past the limit of death and past the timeout of its transaction; then it wakes up and finds itself replaced. */
  async function freeze(deployment: Deployment): Promise<void> {
    const victim = await run.victim(deployment);
    const pins = deployment.pinsOf(victim.worker);
    victim.fault = "frozen";
    deployment.launcher.signal(victim.worker, "SIGSTOP");
    await sleep(Math.max(chaosSettings.lease.deadAfterMs, chaosSettings.transaction.timeoutMs) + TIMEOUT_SWEEP_MS);
    await run.untilTakenOver(deployment, { worker: victim.worker, pins });
    deployment.launcher.signal(victim.worker, "SIGCONT");
    await run.until(`${victim.worker} ends after it woke up`, 60_000, () => victim.ended !== undefined);
    zombies.push({ app: deployment.app.id, ended: victim.summary?.ended, code: victim.ended?.code });
  }

  async function restartBroker(): Promise<void> {
    const before = run.feed.committedCount;
    await run.broker.kill();
    await run.broker.restart();
    await run.until("the input goes on after the broker is back", 60_000, () => run.feed.committedCount > before);
  }

  async function rotate(deployment: Deployment): Promise<void> {
    const victim = await run.victim(deployment);
    const pins = deployment.pinsOf(victim.worker);
    victim.fault = "terminated";
    await deployment.launcher.stop(victim.worker);
    await run.until(`${victim.worker} drains and ends`, 60_000, () => victim.ended !== undefined);
    rotated.push({ app: deployment.app.id, code: victim.ended?.code });
    await run.untilTakenOver(deployment, { worker: victim.worker, pins });
  }

  test.for(checkNames.map((name) => [name] as const))("%s", ([name]) => {
    expect(results.find((result) => result.name === name)?.violations).toEqual([]);
  });

  test("the faults hit: zombies found out and left, rotated workers ended in order, epochs rose, transactions were aborted", () => {
    expect(zombies).toHaveLength(2);
    for (const { code, ended } of zombies) {
      expect(code).toBe(0);
      expect(ended).toBe("revoked");
    }
    expect(rotated.map(({ code }) => code)).toEqual([0, 0]);
    expect(run.feed.committedCount).toBeGreaterThanOrEqual(100_000);
    expect(run.feed.transactions.filter(({ outcome }) => outcome === "aborted").length).toBeGreaterThan(10);
  });
});
