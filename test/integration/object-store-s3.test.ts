import { randomUUID } from "node:crypto";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, test } from "vitest";
import { createS3ObjectStore } from "../../lib/adapters/s3/object-store.ts";
import { objectStoreContract } from "../conformance/object-store.ts";
import { describeWithServers } from "../support/servers/describe.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

describeWithServers("on a real S3 server", ({ s3 }) => {
  const aws = {
    endpoint: s3.endpoint,
    region: s3.region,
    credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
  };
  const bucket = `objects-${randomUUID()}`;
  const makeBucket = async () => {
    const client = new S3Client({ ...aws, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: bucket })).catch((error: Error) => {
      if (error.name !== "BucketAlreadyOwnedByYou" && error.name !== "BucketAlreadyExists") throw error;
    });
    client.destroy();
  };

  objectStoreContract("S3", async () => {
    await makeBucket();
    return {
      open: () => createS3ObjectStore({ bucket, prefix: "contract/", aws, listPageSize: 7 }),
      manyObjects: 60,
      close: async () => {},
    };
  });

  describe("the S3 adapter", () => {
    const limits = { deadlineMs: 600, tryTimeoutMs: 200 };
    beforeAll(makeBucket);

    async function proxied() {
      const { hostname, port } = new URL(s3.endpoint);
      const proxy = await startTcpProxy({ targetHost: hostname, targetPort: Number(port) });
      const endpoint = `http://127.0.0.1:${proxy.port}`;
      return { proxy, objects: createS3ObjectStore({ bucket, aws: { ...aws, endpoint }, limits }) };
    }

    test("names a bucket that is missing", async () => {
      const objects = createS3ObjectStore({ bucket: "no-such-bucket-anywhere", aws, limits });
      await expect(objects.read("a")).rejects.toMatchObject({
        code: "BUCKET_MISSING",
        message: expect.stringContaining("no-such-bucket-anywhere"),
      });
    });

    test("names bucket and action when the credentials are wrong", async () => {
      const credentials = { accessKeyId: "someone", secretAccessKey: "else" };
      const objects = createS3ObjectStore({ bucket, aws: { ...aws, credentials }, limits });
      await expect(objects.create("a", Buffer.from("x"))).rejects.toMatchObject({
        code: "ACCESS_DENIED",
        details: { bucket, action: "s3:PutObject" },
      });
    });

    test("a create whose answer was lost finds its own body", async () => {
      const { proxy, objects } = await proxied();
      const path = `lost/${randomUUID()}`;
      proxy.cutAfter(0, "to-client");
      const outcome = await objects.create(path, Buffer.from("mine"));
      expect(outcome.kind === "exists" ? Buffer.from(outcome.body).toString() : outcome.kind).toBe("mine");
      await proxy.close();
    });

    test("reads again when the connection breaks in the middle of a body", async () => {
      const { proxy, objects } = await proxied();
      const body = Buffer.alloc(500_000, 3);
      const path = `broken/${randomUUID()}`;
      await objects.create(path, body);
      proxy.cutAfter(100_000, "to-client");
      expect(body.equals((await objects.read(path)) as Uint8Array)).toBe(true);
      await proxy.close();
    });

    test("gives up at the deadline when nothing answers", async () => {
      const { proxy, objects } = await proxied();
      proxy.blackhole();
      const startMs = performance.now();
      await expect(objects.readRange("a", { suffix: 1 })).rejects.toMatchObject({ code: "OBJECT_STORE_UNAVAILABLE" });
      expect(performance.now() - startMs).toBeLessThan(3_000);
      await proxy.close();
    });
  });
});
