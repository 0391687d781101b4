import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import { type BuildOptions, build } from "esbuild";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { coordinatorHandler } from "../../functions/coordinator.ts";
import type { queryHandler } from "../../functions/query.ts";
import type { WorkerAnswer, workerHandler } from "../../functions/worker.ts";
import { ensureTable } from "../../lib/adapters/dynamodb/ensure-table.ts";
import { createKafkaLog } from "../../lib/adapters/kafka/kafka-log.ts";
import type { WorkerSpec } from "../../lib/ports/launcher.ts";
import { RecordWriter } from "../../lib/records/writer.ts";
import { type AwsEndpoint, startAwsEndpoint } from "../support/aws-endpoint.ts";
import { describeWithServers } from "../support/servers/describe.ts";

const id = `words-${randomUUID().slice(0, 8)}`;
const words = `${id}-in`;
const table = `functions-${id}`;
const bucket = `functions-${id}`;

const root = fileURLToPath(new URL("../..", import.meta.url));

/** An application, as a user writes it. */
const appSource = (lib: string) => `
  import { bytes, defineApp, int64, string } from "${lib}";
  export const app = defineApp({ id: "${id}" }, (builder) => {
    builder
      .stream("${words}", { key: string(), value: bytes() })
      .groupByKey()
      .count({ store: "counts" })
      .toStream()
      .to("${id}-out", { key: string(), value: int64() });
  });
`;

/** Its functions. */
const source = `
  import { coordinatorHandler } from "./functions/coordinator.ts";
  import { queryHandler } from "./functions/query.ts";
  import { workerHandler } from "./functions/worker.ts";
  ${appSource("./lib/index.ts")}
  export const worker = workerHandler(app);
  export const coordinator = coordinatorHandler(app);
  export const query = queryHandler(app);
`;

interface Functions {
  readonly worker: ReturnType<typeof workerHandler>;
  readonly coordinator: ReturnType<typeof coordinatorHandler>;
  readonly query: ReturnType<typeof queryHandler>;
}

/** Bundles the functions as serverless.yml does and loads the bundle: what is tested is what is deployed. */
async function bundled(folder: string): Promise<Functions> {
  const options = createRequire(import.meta.url)("../../infra/bundle.cjs") as () => BuildOptions;
  const stdin = { contents: source, resolveDir: root, loader: "ts" } as const;
  await build({ ...options(), stdin, outdir: folder, absWorkingDir: root });
  return (await import(pathToFileURL(join(folder, "stdin.mjs")).href)) as Functions;
}

/** Lambda's context for an invocation that may take so long. */
function context(lifeMs: number): Context {
  const endAtMs = performance.now() + lifeMs;
  const facts = {
    functionName: "function",
    awsRequestId: randomUUID(),
    getRemainingTimeInMillis: () => endAtMs - performance.now(),
  };
  return facts as unknown as Context;
}

describeWithServers("the deployed functions", ({ kafka, s3, dynamodb }) => {
  const answers: Promise<WorkerAnswer>[] = [];
  let folder: string;
  let functions: Functions;
  let lambda: AwsEndpoint;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "millrace-functions-"));
    functions = await bundled(folder);
    const { region, accessKeyId, secretAccessKey } = dynamodb;
    const credentials = { accessKeyId, secretAccessKey };
    // Lambda's Invoke API: an event is accepted at once and runs on its own
    lambda = await startAwsEndpoint(({ path, body }) => {
      if (path !== "/2015-03-31/functions/words-worker/invocations") return { status: 404 };
      answers.push(functions.worker(JSON.parse(body) as WorkerSpec, context(60_000)));
      return { status: 202 };
    });
    const env = {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_ENDPOINT_URL_LAMBDA: lambda.url,
      MILLRACE_KAFKA_BROKERS: kafka.bootstrap,
      MILLRACE_TABLE_NAME: table,
      MILLRACE_TABLE_ENDPOINT: dynamodb.endpoint,
      MILLRACE_BUCKET_NAME: bucket,
      MILLRACE_BUCKET_ENDPOINT: s3.endpoint,
      MILLRACE_LAUNCHER_FUNCTION_NAME: "words-worker",
      MILLRACE_LEASE_DEAD_AFTER_MS: "2s",
      MILLRACE_COMMIT_POSITION_ONLY_MS: "500ms",
      MILLRACE_SCALING_IDLE_TO_ZERO_MS: "1s",
    };
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const s3Client = new S3Client({ endpoint: s3.endpoint, region, credentials, forcePathStyle: true });
    await s3Client.send(new CreateBucketCommand({ Bucket: bucket }));
    s3Client.destroy();
    await ensureTable(table, { endpoint: dynamodb.endpoint, region, credentials });
    await writeWords();
  });

  afterAll(async () => {
    await lambda?.close();
    await rm(folder, { recursive: true, force: true });
    vi.unstubAllEnvs();
  });

  /** Two partitions, three words: each `word-n` n times. */
  async function writeWords(): Promise<void> {
    const log = await createKafkaLog({ brokers: [kafka.bootstrap] });
    const topic = (name: string) => ({ name, partitions: 1, replicas: -1, configs: {} });
    await log.createTopics([topic(words), topic(`${id}-out`)]);
    const records = new RecordWriter();
    for (const [word, times] of [
      ["word-1", 1],
      ["word-2", 2],
      ["word-3", 3],
    ] as const) {
      for (let i = 0; i < times; i++) {
        records.openRecord(1_000 + i);
        records.sink.utf8(word);
        records.endKey();
        records.sink.uint8(1);
        records.endValue();
        records.closeRecord();
      }
    }
    const transactor = await log.transactor({
      transactionalId: `${id}-words`,
      transactionTimeoutMs: 10_000,
      deadlineMs: 15_000,
    });
    transactor.begin();
    await transactor.send([{ topic: words, partition: 0, records }]);
    await transactor.commit();
    await log.close();
  }

  async function ask(path: Record<string, string>, parameters?: Record<string, string>) {
    const event = { version: "2.0", pathParameters: path, queryStringParameters: parameters };
    const { statusCode, body } = await functions.query(event as unknown as APIGatewayProxyEventV2, context(20_000));
    return { statusCode, body: JSON.parse(body) as Record<string, unknown> };
  }

  test("go from a backlog to zero workers with one invocation of the coordinator", async () => {
    const { ticks } = await functions.coordinator({}, context(90_000));
    expect(ticks).toBeGreaterThan(1);
    expect(lambda.received).toHaveLength(1);
    expect(await Promise.all(answers)).toEqual([
      expect.objectContaining({ ended: "nothing-assigned", processed: 6, errors: [] }),
    ]);
  });

  test("start nobody when there is nothing to do", async () => {
    expect(await functions.coordinator({}, context(90_000))).toEqual({ ticks: 1 });
    expect(lambda.received).toHaveLength(1);
  });

  test.for([["committed"], ["snapshot"]] as const)(
    "answer a key from the %s state without a worker",
    async ([freshness]) => {
      const { statusCode, body } = await ask({ store: "counts", key: "word-3" }, { freshness });
      expect(statusCode).toBe(200);
      expect(body).toMatchObject({ store: "counts", freshness, row: { key: "word-3", value: 3, timestampMs: 1_002 } });
      expect(body["position"]).toEqual({ [`${words}:0`]: 7 });
    },
  );

  test("say what the command millrace query says from anywhere", async () => {
    const file = join(folder, "app.ts");
    await writeFile(file, appSource(join(root, "lib/index.ts")));
    const command = [join(root, "lib/cli/main.ts"), "query", "counts", "word-3", "--app", file, "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, command, { timeout: 60_000 });
    const { body } = await ask({ store: "counts", key: "word-3" });
    expect(JSON.parse(stdout)).toEqual(body);
  });

  test("answer a range of keys in order", async () => {
    const { statusCode, body } = await ask({ store: "counts" }, { from: "word-2", limit: "1" });
    expect(statusCode).toBe(200);
    expect(body["rows"]).toEqual([{ key: "word-2", value: 2, timestampMs: 1_001 }]);
  });

  test.for([
    { path: { store: "counts", key: "word-9" }, parameters: {}, status: 404, body: { row: null } },
    { path: { store: "sums", key: "a" }, parameters: {}, status: 404, body: { code: "STORE_UNKNOWN" } },
    { path: { store: "counts", key: "a" }, parameters: { fresh: "1" }, status: 400, body: { code: "QUERY_INVALID" } },
    { path: { store: "counts" }, parameters: { limit: "0" }, status: 400, body: { code: "QUERY_INVALID" } },
  ])("answer $path $parameters with $status", async ({ path, parameters, status, body }) => {
    const answer = await ask(path, parameters as Record<string, string>);
    expect(answer).toMatchObject({ statusCode: status, body });
  });

  test("fail with the name of a setting that is missing or wrong", async () => {
    vi.stubEnv("MILLRACE_COMIT_INTERVAL_MS", "50");
    await expect(functions.worker({ worker: "w-1" }, context(60_000))).rejects.toThrow(
      "did you mean MILLRACE_COMMIT_INTERVAL_MS?",
    );
    vi.stubEnv("MILLRACE_COMIT_INTERVAL_MS", undefined);
    vi.stubEnv("MILLRACE_LAUNCHER_FUNCTION_NAME", "");
    await expect(functions.coordinator({}, context(60_000))).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("MILLRACE_LAUNCHER_FUNCTION_NAME"),
    });
  });

  test("refuse to be a worker for an event that is not a launcher's", async () => {
    const scheduled = { source: "aws.events" } as unknown as WorkerSpec;
    await expect(functions.worker(scheduled, context(60_000))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});
