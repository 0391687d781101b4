import { randomUUID } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureTable } from "../../lib/adapters/dynamodb/ensure-table.ts";
import { createDynamoDbLeaseTable } from "../../lib/adapters/dynamodb/lease-table.ts";
import { leaseTableContract } from "../conformance/lease-table.ts";
import { describeWithServers } from "../support/servers/describe.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

describeWithServers("on real DynamoDB", ({ dynamodb }) => {
  const aws = {
    endpoint: dynamodb.endpoint,
    region: dynamodb.region,
    credentials: { accessKeyId: dynamodb.accessKeyId, secretAccessKey: dynamodb.secretAccessKey },
  };
  const table = `leases-${randomUUID()}`;

  async function proxied(): Promise<{ proxy: TcpProxy; aws: typeof aws }> {
    const { hostname, port } = new URL(dynamodb.endpoint);
    const proxy = await startTcpProxy({ targetHost: hostname, targetPort: Number(port) });
    return { proxy, aws: { ...aws, endpoint: `http://127.0.0.1:${proxy.port}` } };
  }

  leaseTableContract("DynamoDB", async () => {
    await ensureTable(table, aws);
    const requests = tappedRequests();
    const tapped = { ...aws, requestHandler: requests.handler };
    return {
      open: (app, generation) => createDynamoDbLeaseTable({ table, app, generation, aws: tapped }),
      loseNextWriteAnswer: requests.loseNextWriteAnswer,
      close: async () => {},
    };
  });

  describe("the DynamoDB adapter", () => {
    let proxy: TcpProxy;
    const limits = { deadlineMs: 400, tryTimeoutMs: 150 };
    const tableAt = (settings: { table?: string; aws?: object } = {}) =>
      createDynamoDbLeaseTable({
        table,
        app: "x",
        generation: 1,
        limits,
        aws: { ...aws, ...settings.aws },
        ...named(settings),
      });
    const named = ({ table: name }: { table?: string }) => (name === undefined ? {} : { table: name });

    beforeAll(async () => {
      await ensureTable(table, aws);
      proxy = (await proxied()).proxy;
    });
    afterAll(async () => {
      await proxy.close();
    });

    test("a copy of a claim that arrives late does not claim again", async () => {
      const requests = tappedRequests();
      const leases = tableAt({ aws: { requestHandler: requests.handler } });
      await leases.claim(77, "a");
      await leases.release(77, { worker: "a", epoch: 1, asleep: true });
      await leases.claim(77, "a");
      const lateClaim = requests.copyOfLastWrite();
      await leases.release(77, { worker: "a", epoch: 2, asleep: true });
      await lateClaim();
      expect(await leases.read(77)).toMatchObject({ owner: undefined, epoch: 2, asleep: true });
    });

    test("asks again when the connection is reset before the answer", async () => {
      const leases = tableAt({ aws: { endpoint: `http://127.0.0.1:${proxy.port}` } });
      await leases.claim(78, "a");
      const acceptedBefore = proxy.acceptedCount;
      proxy.cutAfter(0, "to-client");
      expect(await leases.release(78, { worker: "a", epoch: 1, asleep: true })).toMatchObject({ kind: "ok" });
      expect(proxy.acceptedCount).toBeGreaterThan(acceptedBefore);
      proxy.cutAfter(20, "to-client");
      expect(await leases.read(78)).toMatchObject({ asleep: true });
    });

    test("makes a table once", async () => {
      const fresh = `fresh-${randomUUID()}`;
      expect(await ensureTable(fresh, aws)).toBe("created");
      expect(await ensureTable(fresh, aws)).toBe("exists");
    });

    test("names a table that is missing", async () => {
      await expect(tableAt({ table: "nowhere" }).read(0)).rejects.toMatchObject({
        code: "TABLE_MISSING",
        message: expect.stringContaining("nowhere"),
      });
    });

    test("gives up at the deadline when nothing answers, and says what it asked", async () => {
      const silent = { aws: { endpoint: `http://127.0.0.1:${proxy.port}` } };
      proxy.blackhole();
      const startMs = performance.now();
      await expect(tableAt(silent).claim(0, "a")).rejects.toMatchObject({
        code: "LEASE_TABLE_UNAVAILABLE",
        details: { table, action: "dynamodb:GetItem" },
      });
      expect(performance.now() - startMs).toBeLessThan(2_000);
      proxy.heal();
      expect(await tableAt(silent).read(12345)).toBeUndefined();
    });

    test("a document that no row can hold is refused before it is sent", async () => {
      await expect(tableAt().writeDocument("big", 0, "x".repeat(400_000))).rejects.toMatchObject({
        code: "INVARIANT_BROKEN",
        details: { name: "big" },
      });
    });
  });
});

/** What a request handler of the AWS SDK has. */
type Handler = Required<Pick<DynamoDBClient["config"]["requestHandler"], "handle">>;

/** The SDK's own request handler with a tap on writes. */
function tappedRequests() {
  const inner = new DynamoDBClient({ region: "us-east-1" }).config.requestHandler;
  let losing = false;
  let copy: () => Promise<unknown> = async () => {};
  const handler: Handler = {
    handle: async (request, options) => {
      const answer = await inner.handle(request, options);
      if (!/UpdateItem|DeleteItem/.test(request.headers["x-amz-target"] ?? "")) return answer;
      copy = () => inner.handle(request);
      if (!losing) return answer;
      losing = false;
      throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    },
  };
  return {
    handler,
    loseNextWriteAnswer: () => {
      losing = true;
    },
    copyOfLastWrite: () => copy,
  };
}
