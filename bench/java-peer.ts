import { fileURLToPath } from "node:url";
import { buildJavaProgram } from "../test/support/servers/java-program.ts";

const sources = { name: "kafka-streams-peer", folder: fileURLToPath(new URL("./kafka-streams/", import.meta.url)) };

/** The Java programs of `bench/kafka-streams`. */
export type PeerProgram = "Load" | "Pace" | "Application" | "Check";

/** The built Java peer. */
export interface JavaPeer {
  /** Command line of one of its programs; arguments become `name=value`. */
  command(program: PeerProgram, args: Readonly<Record<string, string | number>>): readonly string[];
  readonly javaVersion: string;
}

/**
 * Builds the Kafka Streams peer.
 *
 * @throws {ServersUnavailable} when Java or Maven is missing, or the build fails
 */
export async function buildJavaPeer(env: NodeJS.ProcessEnv = process.env): Promise<JavaPeer> {
  const { java, javaVersion, classPath } = await buildJavaProgram(sources, env);
  return {
    command: (program, args) => [
      java,
      "-Xmx1g",
      "-cp",
      classPath,
      `millrace.bench.${program}`,
      ...Object.entries(args).map(([name, value]) => `${name}=${value}`),
    ],
    javaVersion,
  };
}
