import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { expect, test, vi } from "vitest";
import type { AwsAddress } from "../support/servers/aws-server.ts";
import { describeWithServers } from "../support/servers/describe.ts";
import { startKafka } from "../support/servers/kafka.ts";
import { rawKafka } from "../support/servers/raw-kafka.ts";
import { startS3Proxy } from "../support/servers/s3proxy.ts";

function kafkaAt(bootstrap: string) {
  return rawKafka(bootstrap, { connectionTimeout: 2_000, retry: { retries: 8, initialRetryTime: 50 } });
}

function awsSettings({ endpoint, region, accessKeyId, secretAccessKey }: AwsAddress) {
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
}

describeWithServers("the shared servers", (servers) => {
  test("Kafka answers as one broker", async () => {
    const admin = kafkaAt(servers.kafka.bootstrap).admin();
    await admin.connect();
    const cluster = await admin.describeCluster();
    await admin.disconnect();
    expect(cluster.brokers.length).toBeGreaterThan(0);
  });

  test("S3 stores an object once", async () => {
    const s3 = new S3Client({ ...awsSettings(servers.s3), forcePathStyle: true });
    const object = { Bucket: `servers-${process.pid}`, Key: "a/b" };
    await s3.send(new CreateBucketCommand({ Bucket: object.Bucket }));
    await s3.send(new PutObjectCommand({ ...object, Body: "first", IfNoneMatch: "*" }));
    await expect(s3.send(new PutObjectCommand({ ...object, Body: "second", IfNoneMatch: "*" }))).rejects.toThrow();
    const stored = await s3.send(new GetObjectCommand(object));
    expect(await stored.Body?.transformToString()).toBe("first");
  });

  test("DynamoDB answers", async () => {
    const dynamodb = new DynamoDBClient(awsSettings(servers.dynamodb));
    const { TableNames } = await dynamodb.send(new ListTablesCommand({}));
    expect(TableNames).toBeDefined();
  });
});

describeWithServers("a server of one's own", () => {
  test("a broker that was killed comes back on its port with its records", { timeout: 60_000 }, async () => {
    await using kafka = disposable(await startKafka({ properties: { "offsets.retention.minutes": 7 } }));
    const client = kafkaAt(kafka.bootstrap);
    const admin = client.admin();
    const producer = client.producer();
    await admin.connect();
    await producer.connect();
    await admin.createTopics({ topics: [{ topic: "kept", numPartitions: 1 }] });
    await producer.send({ topic: "kept", messages: [{ value: "a" }, { value: "b" }] });

    await kafka.kill();
    await kafka.restart();

    const offsets = await admin.fetchTopicOffsets("kept");
    const described = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 4, name: "1" }] });
    await producer.disconnect();
    await admin.disconnect();
    expect(offsets[0]?.high).toBe("2");
    const entries = described.resources[0]?.configEntries;
    expect(entries?.find((entry) => entry.configName === "offsets.retention.minutes")?.configValue).toBe("7");
  });

  test("clients of the proxied listener stay behind the proxy", { timeout: 60_000 }, async () => {
    await using kafka = disposable(await startKafka({ proxied: true }));
    const { bootstrap, proxy } = kafka.proxied ?? expect.fail("no proxy");
    const admin = kafkaAt(bootstrap).admin();
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    expect(brokers.map(({ port }) => port)).toEqual([proxy.port]);

    proxy.refuse();
    const hasty = rawKafka(bootstrap, { retry: { retries: 0 } }).admin();
    await expect(hasty.connect()).rejects.toThrow();
    proxy.heal();
    expect(await admin.listTopics()).toEqual([]);
    await admin.disconnect();
  });

  test("an S3 server keeps its objects over a restart", { timeout: 60_000 }, async () => {
    await using server = disposable(await startS3Proxy());
    const s3 = new S3Client({ ...awsSettings(server), forcePathStyle: true });
    const object = { Bucket: "kept", Key: "k" };
    await s3.send(new CreateBucketCommand({ Bucket: object.Bucket }));
    await s3.send(new PutObjectCommand({ ...object, Body: "body" }));
    await server.kill();
    await server.restart();
    const stored = await s3.send(new GetObjectCommand(object));
    expect(await stored.Body?.transformToString()).toBe("body");
  });

  test("servers end and their data goes when their starter is killed", { timeout: 60_000 }, async () => {
    const module = new URL("../support/servers/dynamodb-local.ts", import.meta.url);
    const script = `
      const { startDynamoDbLocal } = await import(${JSON.stringify(module.href)});
      const server = await startDynamoDbLocal();
      process.stdout.write(JSON.stringify(server));
      setInterval(() => {}, 60_000);
    `;
    const starter = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const address = await new Promise<AwsAddress & { logFile: string }>((resolve) => {
      starter.stdout.once("data", (chunk: Buffer) => resolve(JSON.parse(chunk.toString())));
    });
    expect((await fetch(address.endpoint)).status).toBe(400);

    starter.kill("SIGKILL");

    await vi.waitFor(() => expect(fetch(address.endpoint)).rejects.toThrow(), 20_000);
    await vi.waitFor(() => expect(existsSync(address.logFile)).toBe(false), 20_000);
  });
});

/** Stops a server at the end of a test, also of a failing one. */
function disposable<T extends { stop(): Promise<void> }>(server: T): T & AsyncDisposable {
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.stop() });
}
