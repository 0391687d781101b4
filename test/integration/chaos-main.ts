/** `npm run chaos`: random faults from a seed on real servers and worker processes, then every check of exactly once. */
import { helpText, parseArguments } from "../../lib/cli/arguments.ts";
import { isStreamError } from "../../lib/core/errors.ts";
import type { AwsServer } from "../support/servers/aws-server.ts";
import { startDynamoDbLocal } from "../support/servers/dynamodb-local.ts";
import { ServersUnavailable } from "../support/servers/jars.ts";
import { startS3Proxy } from "../support/servers/s3proxy.ts";
import { missingReason } from "../support/servers/shared.ts";
import { ChaosRun } from "./chaos/chaos-run.ts";
import { chaosCommand } from "./chaos/command.ts";
import { randomFaults } from "./chaos/random-faults.ts";
import { type ChaosResult, reportText, storyLine } from "./chaos/report.ts";

const SETTLE_LIMIT_MS = 180_000;

interface Wanted {
  readonly seconds: number;
  readonly seed: number;
  readonly rate: number;
  readonly json: boolean;
}

let exitCode = 0;
try {
  const parsed = parseArguments(chaosCommand, process.argv.slice(2));
  if (parsed.kind === "help") process.stdout.write(helpText(chaosCommand));
  else exitCode = await main({ ...parsed.values, seed: parsed.values.seed ?? newSeed() });
} catch (error) {
  if (error instanceof ServersUnavailable) process.stderr.write(`chaos: ${missingReason(error)}\n`);
  else
    process.stderr.write(
      `chaos: ${isStreamError(error) ? error.message : ((error as Error).stack ?? String(error))}\n`,
    );
  exitCode = 1;
}
// Not left to Node: after connections were reset, its own clean-up sometimes waits for a request that never ends.
process.stdout.write("", () => process.exit(exitCode));

async function main(wanted: Wanted): Promise<number> {
  const say = (line: string) => (wanted.json ? process.stderr : process.stdout).write(`${line}\n`);
  say(
    `seed ${wanted.seed}: ${wanted.seconds} s of faults; again with npm run chaos -- --seed ${wanted.seed} --seconds ${wanted.seconds}`,
  );
  say("starting Kafka, S3Proxy and DynamoDB Local");
  const [s3, dynamodb] = await Promise.all([startS3Proxy(), startDynamoDbLocal()]);
  let run: ChaosRun | undefined;
  try {
    const feed = { seed: wanted.seed, perSecond: wanted.rate, producers: 2 };
    run = await ChaosRun.open({ s3, dynamodb, feed, networkFaults: true });
    const result = await torment(run, { ...wanted, s3, dynamodb }, say);
    process.stdout.write(wanted.json ? `${JSON.stringify(result)}\n` : `${reportText(result)}\n`);
    return result.failed === 0 ? 0 : 1;
  } finally {
    await run?.close();
    await Promise.all([s3.stop(), dynamodb.stop()]);
  }
}

async function torment(
  run: ChaosRun,
  wanted: Wanted & { readonly s3: AwsServer; readonly dynamodb: AwsServer },
  say: (line: string) => void,
): Promise<ChaosResult> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), wanted.seconds * 1_000);
  process.once("SIGINT", () => {
    say("no more faults: the applications come to rest and are checked; Ctrl-C again ends at once");
    process.once("SIGINT", () => process.exit(130));
    stop.abort();
  });
  const beganMs = performance.now();
  run.onEachLine((line) => {
    const text = storyLine(line, beganMs);
    if (text !== undefined) say(text);
  });
  run.start();
  const faults = await randomFaults(run, { ...wanted, stop: stop.signal });
  clearTimeout(timer);
  say("no more faults: waiting until everything is processed and nobody works");
  await run.settle(SETTLE_LIMIT_MS);
  const settledMs = performance.now();
  const checks = await run.check(({ name, violations }) =>
    say(`${violations.length === 0 ? "ok    " : "FAILED"} ${name}`),
  );
  const failed = checks.filter(({ violations }) => violations.length > 0).length;
  return {
    seed: wanted.seed,
    seconds: Math.round((settledMs - beganMs) / 100) / 10,
    trades: run.feed.committedCount,
    abortedTransactions: run.feed.transactions.filter(({ outcome }) => outcome === "aborted").length,
    faults: Object.fromEntries([...faults].sort(([a], [b]) => (a < b ? -1 : 1))),
    workers: run.deployments.reduce((sum, { workers }) => sum + workers.size, 0),
    fenced: run.count("pin-fenced"),
    acquired: run.count("pin-running"),
    snapshots: run.count("snapshot-published"),
    checks,
    passed: checks.length - failed,
    failed,
    log: failed === 0 ? null : run.saveLog(),
  };
}

function newSeed(): number {
  return Math.floor(Math.random() * 1_000_000);
}
