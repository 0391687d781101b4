import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type AwsServer, startAwsServer } from "./aws-server.ts";

/**
 * Starts DynamoDB Local over a temporary folder.
 *
 * It does not simulate throttling, index lag or conflicts of transactions.
 *
 * @throws {ServersUnavailable} when Java or Maven is missing
 */
export function startDynamoDbLocal(options: { readonly port?: number } = {}): Promise<AwsServer> {
  return startAwsServer(
    {
      name: "dynamodb",
      mainClass: "software.amazon.dynamodb.services.local.main.ServerRunner",
      prepare: async ({ folder, port }) => {
        const data = join(folder, "data");
        await mkdir(data);
        return ["-dbPath", data, "-sharedDb", "-disableTelemetry", "-port", String(port)];
      },
    },
    options,
  );
}
