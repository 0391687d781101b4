import type { Position } from "../../../lib/application/position.ts";
import { prepareApplication } from "../../../lib/application/prepare.ts";
import { partitionKey } from "../../../lib/core/ids.ts";
import { openTables } from "../../../lib/query/tables.ts";
import {
  deadLotViolations,
  expectedLots,
  lotCountViolations,
  lotQueryViolations,
  lotStateViolations,
  lotSumViolations,
} from "../../support/oracle/lot-checks.ts";
import { positionViolations, readPositions } from "../../support/oracle/positions.ts";
import {
  stockOutputViolations,
  stockQueryViolations,
  stockStateViolations,
  stockTransactionViolations,
} from "../../support/oracle/stock-checks.ts";
import {
  endViolations,
  readChangelogs,
  restoreViolations,
  type StatePlaces,
  type StoreChangelog,
  snapshotViolations,
} from "../../support/oracle/stored-state.ts";
import { type FedTrade, inputViolations, readTrades } from "../../support/oracle/trades.ts";
import { DEAD_TOPIC, lotOf, PARTITIONS, STOCK_TRADES, TRADE_LOTS, TRADES_TOPIC } from "./apps.ts";
import type { Deployment } from "./deployment.ts";
import { isPoison } from "./poison.ts";
import type { TradeFeed } from "./trade-feed.ts";
import { GAVE_UP_CODE } from "./worker-orders.ts";

/** What a check found: nothing when it passed. */
export interface CheckResult {
  readonly name: string;
  readonly violations: readonly string[];
}

/** The names of all checks, in the order in which they run. */
export const checkNames = [
  "the input is what its producers committed",
  ...[STOCK_TRADES, TRADE_LOTS].flatMap((app) => [
    `${app}: no worker stopped with an error of its own`,
    `${app}: positions are contiguous, epochs never go down, inputs never go back`,
    `${app}: no lag, no worker, every pin asleep, changelogs end where the positions say`,
    `${app}: outputs equal the oracle`,
    `${app}: the fold of the changelog equals the oracle`,
    `${app}: tables restored from the newest snapshot and the tail equal the fold`,
    `${app}: every snapshot ever written equals the fold below its next`,
    `${app}: queries equal the oracle`,
  ]),
  `${STOCK_TRADES}: every transaction holds what its input gives, whole`,
  `${TRADE_LOTS}: dead letters are poisoned trades, each once, in order per key`,
];

/** Reads everything back and compares. One result per name; a check that breaks is a violation too. */
export async function runChecks(parts: {
  deployments: readonly Deployment[];
  feed: TradeFeed;
  onCheck?: (result: CheckResult) => void;
}): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  const check: Check = async (name, run) => {
    let violations: readonly string[];
    try {
      violations = await run();
    } catch (error) {
      violations = [`the check broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
    }
    results.push({ name, violations });
    parts.onCheck?.({ name, violations });
  };
  const { log } = (parts.deployments[0] as Deployment).ports;
  const trades = await readTrades(log, TRADES_TOPIC, PARTITIONS);
  await check("the input is what its producers committed", () => inputViolations(trades, parts.feed.transactions));
  for (const deployment of parts.deployments) await checkDeployment(deployment, trades, check);
  return results;
}

type Check = (name: string, run: () => readonly string[] | Promise<readonly string[]>) => Promise<void>;

async function checkDeployment(
  deployment: Deployment,
  trades: readonly (readonly FedTrade[])[],
  check: Check,
): Promise<void> {
  const { app, ports } = deployment;
  const { log } = ports;
  const plan = await prepareApplication(app, ports, "check");
  const places: StatePlaces = { plan, log, leases: ports.leases, objects: ports.objects };
  const positions = await readPositions(log, plan.positionsTopic, plan.pinCount);
  const changelogs = await readChangelogs(places);
  const tables = await openTables(app, ports);
  await check(`${app.id}: no worker stopped with an error of its own`, () => workerViolations(deployment));
  await check(`${app.id}: positions are contiguous, epochs never go down, inputs never go back`, () =>
    plan.pins.flatMap(({ pin, tasks }) =>
      positionViolations(
        pin,
        positions[pin] ?? [],
        tasks.flatMap(({ inputs }) => inputs.map(({ key }) => key)),
      ),
    ),
  );
  await check(`${app.id}: no lag, no worker, every pin asleep, changelogs end where the positions say`, async () => [
    ...(await drainViolations(places, positions)),
    ...endViolations(changelogs, positions),
  ]);
  await check(`${app.id}: tables restored from the newest snapshot and the tail equal the fold`, () =>
    restoreViolations(places, changelogs),
  );
  await check(`${app.id}: every snapshot ever written equals the fold below its next`, async () => {
    const { violations, snapshots } = await snapshotViolations(places, changelogs, positions);
    return snapshots < plan.pinCount
      ? [...violations, `only ${snapshots} snapshots were written for ${plan.pinCount} pins`]
      : violations;
  });
  if (app.id === STOCK_TRADES) {
    await check(`${app.id}: outputs equal the oracle`, () => stockOutputViolations(log, "trade-stats-out", trades));
    await check(`${app.id}: the fold of the changelog equals the oracle`, () =>
      stockStateViolations(trades, changelogs),
    );
    await check(`${app.id}: queries equal the oracle`, () => stockQueryViolations(tables, trades));
    await check(`${app.id}: every transaction holds what its input gives, whole`, () =>
      stockTransactionViolations(trades, changelogs, { inputTopic: TRADES_TOPIC, positions }),
    );
  } else await checkLots({ deployment, tables, trades, changelogs }, check);
}

async function checkLots(
  parts: {
    deployment: Deployment;
    tables: Awaited<ReturnType<typeof openTables>>;
    trades: readonly (readonly FedTrade[])[];
    changelogs: ReadonlyMap<string, StoreChangelog>;
  },
  check: Check,
): Promise<void> {
  const { app, ports } = parts.deployment;
  const expected = expectedLots(parts.trades, lotOf);
  await check(`${app.id}: outputs equal the oracle`, async () => [
    ...(await lotSumViolations(ports.log, {
      topic: "lot-sums-out",
      partitions: PARTITIONS,
      trades: parts.trades,
      lotOf,
      comesLate: isPoison,
    })),
    ...(await lotCountViolations(ports.log, { topic: "lot-counts-out", partitions: PARTITIONS, expected })),
  ]);
  await check(`${app.id}: the fold of the changelog equals the oracle`, () =>
    lotStateViolations(parts.changelogs, expected),
  );
  await check(`${app.id}: queries equal the oracle`, () => lotQueryViolations(parts.tables, expected));
  await check(`${app.id}: dead letters are poisoned trades, each once, in order per key`, () =>
    deadLotViolations(ports.log, { topic: DEAD_TOPIC, partitions: PARTITIONS, isPoison, lotOf }),
  );
}

/** I6: every input is read to its end, markers included, and nobody works any more. */
async function drainViolations(
  { plan, log, leases }: StatePlaces,
  positions: readonly (readonly Position[])[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { pin, tasks } of plan.pins) {
    for (const { topic, partition } of tasks.flatMap(({ inputs }) => inputs)) {
      const key = partitionKey(topic, partition);
      const end = (await log.offsets([{ topic, partition }], "lso")).get(key) ?? 0;
      const position = positions[pin]?.at(-1)?.inputs[key] ?? 0;
      if (position !== end) found.push(`I6: ${key} is at ${position} of ${end}`);
    }
  }
  const table = await leases.observe();
  for (const { pin, owner, asleep } of table.leases)
    if (owner !== undefined || !asleep)
      found.push(`I6: pin ${pin} is ${owner === undefined ? "not asleep" : `held by ${owner}`}`);
  for (const { worker } of table.workers) found.push(`I6: worker ${worker} still has a row`);
  return found;
}

/** A worker ends by itself, or by the fault that was put on it, or had no chance to begin while the broker was away. */
function workerViolations({ workers, failure }: Deployment): readonly string[] {
  const found: string[] = failure === undefined ? [] : [`the coordinator failed: ${String(failure)}`];
  for (const { worker, fault, ended, noise } of workers.values()) {
    const asFaulted = fault === "killed" && ended?.signal === "SIGKILL";
    if (ended?.code === 0 || ended?.code === GAVE_UP_CODE || asFaulted) continue;
    const how = ended === undefined ? "did not end" : `ended with ${ended.signal ?? `code ${ended.code}`}`;
    found.push(`${worker} ${how}${noise.length > 0 ? `: ${noise.slice(0, 12).join(" | ")}` : ""}`);
  }
  return found;
}
