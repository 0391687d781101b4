import { expect, onTestFinished, test } from "vitest";
import { createDynamoDbLeaseTable } from "../../../../lib/adapters/dynamodb/lease-table.ts";
import { startAwsEndpoint } from "../../../support/aws-endpoint.ts";

test("a clock that is wrong is set right by the first answer", async () => {
  const headers = {
    "content-type": "application/x-amz-json-1.0",
    date: new Date(Date.now() + 3_600_000).toUTCString(),
  };
  const expired = { __type: "com.amazon.coral.service#InvalidSignatureException", message: "Signature expired" };
  const answers = [
    { status: 400, headers, body: JSON.stringify(expired) },
    { status: 200, headers, body: "{}" },
  ];
  const endpoint = await startAwsEndpoint(() => answers.shift());
  onTestFinished(() => endpoint.close());
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const aws = { endpoint: endpoint.url, region: "eu-central-1", credentials };
  const limits = { deadlineMs: 1_000, tryTimeoutMs: 500 };
  const leases = createDynamoDbLeaseTable({ table: "leases", app: "app", generation: 1, aws, limits });
  expect(await leases.read(0)).toBeUndefined();
  const [first, second] = endpoint.received.map((request) => request.headers["x-amz-date"]);
  expect(second).not.toBe(first);
});
