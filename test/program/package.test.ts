import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { app } from "../../examples/stock-trade-stats/app.ts";
import { connectionsFromEnvironment, settingsFromEnvironment } from "../../lib/config/environment.ts";
import { zipEntries } from "../support/zip-entries.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const functionNames = ["worker", "coordinator", "query"] as const;
type FunctionName = (typeof functionNames)[number];

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}
interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

let folder: string;
let resources: Readonly<Record<string, Resource>>;

/** Packages with no network to speak of, no credentials and no home folder to find any in. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-package-"));
  const nowhere = "http://127.0.0.1:9";
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    SLS_TELEMETRY_DISABLED: "1",
    SLS_NOTIFICATIONS_MODE: "off",
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const osls = join(root, "node_modules/serverless/bin/serverless.js");
  await run(process.execPath, [osls, "package", "--package", folder], { cwd: root, env, timeout: 170_000 });
  const template = await readFile(join(folder, "cloudformation-template-update-stack.json"), "utf8");
  resources = (JSON.parse(template) as { Resources: typeof resources }).Resources;
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function resource(name: string): Resource {
  const found = resources[name];
  if (found === undefined) throw new Error(`no resource ${name}`);
  return found;
}

function lambda(name: FunctionName): Resource["Properties"] {
  return resource(`${name.charAt(0).toUpperCase()}${name.slice(1)}LambdaFunction`).Properties;
}

/** Statements of a function's role, those behind a condition included. */
function statements(name: FunctionName): readonly Statement[] {
  const role = resource(`${name.charAt(0).toUpperCase()}${name.slice(1)}Role`);
  const found: Statement[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("Action" in value && "Resource" in value) found.push(value as Statement);
    else for (const inner of Object.values(value)) visit(inner);
  };
  visit(role.Properties["Policies"]);
  return found;
}

function actions(name: FunctionName): readonly string[] {
  return statements(name).flatMap(({ Action }) => Action);
}

describe("serverless package", () => {
  test.for(functionNames)("packs the %s with its chunks, below 5 MB", async (name) => {
    const entries = zipEntries(await readFile(join(folder, `${name}.zip`)));
    const functions = "examples/stock-trade-stats/functions";
    const others = entries.filter((entry) => !entry.name.startsWith(`${functions}/chunks/`));
    expect(others.map((entry) => entry.name)).toEqual([`${functions}/${name}.mjs`]);
    expect(entries.reduce((bytes, entry) => bytes + entry.bytes, 0)).toBeLessThan(5_000_000);
    expect(lambda(name)).toMatchObject({
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Handler: `examples/stock-trade-stats/functions/${name}.handler`,
    });
  });

  test("names rows and objects after the application that is deployed", () => {
    expect(JSON.stringify(resource("WorkerRole"))).toContain(`"dynamodb:LeadingKeys":["${app.id}#*"]`);
    expect(JSON.stringify(resource("WorkerRole"))).toContain(`\${SnapshotBucket.Arn}/${app.id}/*`);
  });

  test.for(functionNames)("gives the %s settings that it accepts", (name) => {
    const { Variables } = lambda(name)["Environment"] as { Variables: Record<string, unknown> };
    const env = Object.fromEntries(
      Object.entries(Variables).map(([key, value]) => [key, typeof value === "string" ? value : "made-by-the-stack"]),
    );
    expect(settingsFromEnvironment(env)).toBeDefined();
    expect(connectionsFromEnvironment(env).bucket.name).toBe("made-by-the-stack");
  });

  test("does not run a failed worker again and ticks the coordinator every minute", () => {
    expect(resource("WorkerLambdaEvConf").Properties).toMatchObject({
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
    expect(resource("CoordinatorEventsRuleSchedule1").Properties).toMatchObject({
      ScheduleExpression: "rate(1 minute)",
      State: "ENABLED",
    });
  });

  test("lets nobody ask the tables without a signature", () => {
    const routes = Object.values(resources).filter(({ Type }) => Type === "AWS::ApiGatewayV2::Route");
    expect(routes).toHaveLength(2);
    for (const { Properties } of routes) expect(Properties["AuthorizationType"]).toBe("AWS_IAM");
  });

  test("keeps state when the stack is removed", () => {
    for (const name of ["LeaseTable", "SnapshotBucket"])
      expect(resource(name)).toMatchObject({ DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain" });
  });
});

describe("roles", () => {
  test("allow the worker to write snapshots and rows, not to delete objects or start workers", () => {
    expect(actions("worker")).toEqual(expect.arrayContaining(["s3:PutObject", "s3:GetObject", "dynamodb:UpdateItem"]));
    expect(actions("worker")).not.toContain("s3:DeleteObject");
    expect(actions("worker")).not.toContain("lambda:InvokeFunction");
  });

  test("allow the coordinator to delete objects and invoke the worker, not to write objects", () => {
    expect(actions("coordinator")).toEqual(expect.arrayContaining(["s3:DeleteObject", "lambda:InvokeFunction"]));
    expect(actions("coordinator")).not.toContain("s3:PutObject");
    const invoke = statements("coordinator").find(({ Action }) => Action === "lambda:InvokeFunction");
    expect(JSON.stringify(invoke?.Resource)).toContain(`:function:${String(lambda("worker")["FunctionName"])}"`);
  });

  test("allow queries to read only", () => {
    const reads = /^(s3:(GetObject|ListBucket)|dynamodb:GetItem|secretsmanager:GetSecretValue|logs:.*|ec2:.*)$/;
    expect(actions("query").filter((action) => !reads.test(action))).toEqual([]);
  });

  test.for(functionNames)("grant the %s no wildcard but the network interfaces that AWS cannot name", (name) => {
    for (const { Action, Resource } of statements(name)) {
      for (const action of [Action].flat()) expect(action).not.toContain("*");
      if (Resource === "*") expect([Action].flat().every((action) => action.startsWith("ec2:"))).toBe(true);
    }
  });
});
