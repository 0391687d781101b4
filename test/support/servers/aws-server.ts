import { join } from "node:path";
import { findJars, type ServerName } from "./jars.ts";
import { answersHttp, type JvmCommand, lightJvmFlags, startJvm } from "./jvm.ts";
import { freePorts } from "./ports.ts";
import { guardedFolder, removeFolder } from "./reaper.ts";

/** Where a stand-in of an AWS service is and how to sign requests to it. */
export interface AwsAddress {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A stand-in of an AWS service of one's own. */
export interface AwsServer extends AwsAddress {
  readonly port: number;
  /** Log of the server, for a failing test. */
  readonly logFile: string;
  /** SIGKILL. The data stays; `restart` brings it back. */
  kill(): Promise<void>;
  /** Starts again on the same port and data, ending the running server in an orderly way first. */
  restart(): Promise<void>;
  /** Stops all its threads until `resume`: connections stay open and nothing is answered. */
  freeze(): void;
  resume(): void;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

/** What differs between the stand-ins. */
export interface AwsServerRecipe {
  readonly name: ServerName;
  readonly mainClass: string;
  /** Prepares the folder and answers the program's arguments. */
  prepare(place: { readonly folder: string; readonly port: number; readonly address: AwsAddress }): Promise<string[]>;
}

/**
 * Starts a stand-in of an AWS service on loopback, with its data in a temporary folder.
 *
 * @throws {ServersUnavailable} when Java or Maven is missing
 */
export async function startAwsServer(recipe: AwsServerRecipe, options: { readonly port?: number }): Promise<AwsServer> {
  const { java, classPath } = await findJars(recipe.name);
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  const folder = await guardedFolder(recipe.name);
  const address = {
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    accessKeyId: "millrace",
    secretAccessKey: "millrace-secret",
  };
  const logFile = join(folder, "server.log");
  const command: JvmCommand = {
    java,
    classPath,
    flags: lightJvmFlags,
    mainClass: recipe.mainClass,
    args: await recipe.prepare({ folder, port, address }),
    logFile,
  };
  const boot = () => startJvm(command, () => answersHttp(address.endpoint));
  let jvm = await boot();
  return {
    ...address,
    port,
    logFile,
    kill: () => jvm.kill(),
    restart: async () => {
      await jvm.stop();
      jvm = await boot();
    },
    freeze: () => jvm.freeze(),
    resume: () => jvm.resume(),
    stop: async () => {
      await jvm.kill();
      await removeFolder(folder);
    },
  };
}
