import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AwsServer, startAwsServer } from "./aws-server.ts";

/**
 * Starts S3Proxy over a temporary folder. Clients need `forcePathStyle: true`.
 *
 * It checks signatures, and of racing `If-None-Match: *` writers exactly one wins. Its `If-Match` is not atomic, so no
 * test may race on that.
 *
 * @throws {ServersUnavailable} when Java or Maven is missing
 */
export function startS3Proxy(options: { readonly port?: number } = {}): Promise<AwsServer> {
  return startAwsServer(
    {
      name: "s3proxy",
      mainClass: "org.gaul.s3proxy.Main",
      prepare: async ({ folder, address }) => {
        const data = join(folder, "data");
        await mkdir(data);
        const properties = {
          "s3proxy.endpoint": address.endpoint,
          "s3proxy.authorization": "aws-v2-or-v4",
          "s3proxy.identity": address.accessKeyId,
          "s3proxy.credential": address.secretAccessKey,
          "jclouds.provider": "filesystem-nio2",
          "jclouds.filesystem.basedir": data.replaceAll("\\", "/"),
          "jclouds.identity": address.accessKeyId,
          "jclouds.credential": address.secretAccessKey,
        };
        const file = join(folder, "s3proxy.conf");
        const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
        await writeFile(file, lines.join(""));
        return ["--properties", file];
      },
    },
    options,
  );
}
