import {
  CreateTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  ResourceInUseException,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { classifyFailure } from "./failure.ts";

const waitSeconds = 60;

/**
 * Creates the lease table if it does not exist, for local servers and tests; a deployment makes it from
 * `infra/tables.yml`, with backups and deletion protection.
 *
 * @throws {StreamError} `ACCESS_DENIED`, `CONFIG_INVALID`
 */
export async function ensureTable(table: string, aws: DynamoDBClientConfig = {}): Promise<"created" | "exists"> {
  const client = new DynamoDBClient(aws);
  try {
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [
          { AttributeName: "pk", AttributeType: "S" },
          { AttributeName: "sk", AttributeType: "S" },
        ],
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "sk", KeyType: "RANGE" },
        ],
      }),
    );
    await waitUntilTableExists({ client, maxWaitTime: waitSeconds, minDelay: 1 }, { TableName: table });
    return "created";
  } catch (error) {
    if (error instanceof ResourceInUseException) return "exists";
    const failure = classifyFailure(error, { table, action: "dynamodb:CreateTable" });
    throw failure.kind === "final" ? failure.error : error;
  } finally {
    client.destroy();
  }
}
