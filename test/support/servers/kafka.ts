import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { findRuntime, type Runtime } from "./jars.ts";
import { hasLogged, type JvmProcess, lightJvmFlags, logSize, runJvm, startJvm } from "./jvm.ts";
import { freePorts } from "./ports.ts";
import { guardedFolder, removeFolder } from "./reaper.ts";

/** How a test wants its own broker. */
export interface KafkaOptions {
  /** Port of the plain listener; a free one by default. */
  readonly port?: number;
  /** Broker properties that replace or extend the test settings, for example `{ "offsets.retention.minutes": 1 }`. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  /** Adds a listener behind a TCP proxy; clients that bootstrap there stay behind it. */
  readonly proxied?: boolean;
  /** JVM flags instead of the light ones: a benchmark wants the full compiler. */
  readonly jvmFlags?: readonly string[];
}

/** A broker of one's own. */
export interface KafkaServer {
  /** `host:port` of the plain listener. */
  readonly bootstrap: string;
  readonly port: number;
  /** The way in that faults can be put on; undefined unless asked for. */
  readonly proxied: { readonly bootstrap: string; readonly proxy: TcpProxy } | undefined;
  /** Broker log, for a failing test. */
  readonly logFile: string;
  readonly pid: number;
  /** SIGKILL. The data stays; `restart` brings it back. */
  kill(): Promise<void>;
  /** Starts again on the same port and data, ending the running broker in an orderly way first. */
  restart(): Promise<void>;
  /** Stops all its threads until `resume`: connections stay open and nothing is answered. */
  freeze(): void;
  resume(): void;
  /** Ends the broker and removes its data. */
  stop(): Promise<void>;
}

/** What the tests change of a broker's defaults, and why. */
const testProperties: Readonly<Record<string, string | number | boolean>> = {
  "process.roles": "broker,controller",
  "node.id": 1,
  "controller.listener.names": "CONTROLLER",
  "inter.broker.listener.name": "PLAINTEXT",
  // one broker: one replica, and one partition per internal topic to start fast
  "default.replication.factor": 1,
  "offsets.topic.replication.factor": 1,
  "offsets.topic.num.partitions": 1,
  "transaction.state.log.replication.factor": 1,
  "transaction.state.log.min.isr": 1,
  "transaction.state.log.num.partitions": 1,
  "share.coordinator.state.topic.replication.factor": 1,
  "share.coordinator.state.topic.min.isr": 1,
  "share.coordinator.state.topic.num.partitions": 1,
  "auto.create.topics.enable": false,
  "group.initial.rebalance.delay.ms": 0,
  "group.min.session.timeout.ms": 1_000,
  // a broker that was killed waits until its old registration lapses: 9 s by default
  "broker.session.timeout.ms": 3_000,
  "broker.heartbeat.interval.ms": 500,
  // transactions of dead producers are aborted soon after their timeout: looked for every 10 s by default
  "transaction.abort.timed.out.transaction.cleanup.interval.ms": 500,
  "log.cleaner.dedupe.buffer.size": 8 * 1024 * 1024,
  "num.network.threads": 2,
  "num.io.threads": 4,
};

/**
 * Starts a Kafka 4 broker that is also its own controller, on loopback, with its data in a temporary folder.
 *
 * @throws {ServersUnavailable} when Java or Maven is missing
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const broker = new Broker(await findRuntime(), options);
  try {
    await broker.create();
  } catch (error) {
    await broker.stop();
    throw error;
  }
  return broker;
}

class Broker implements KafkaServer {
  port = 0;
  logFile = "";
  proxied: KafkaServer["proxied"];
  readonly #runtime: Runtime;
  readonly #options: KafkaOptions;
  #folder = "";
  #jvm: JvmProcess | undefined;

  constructor(runtime: Runtime, options: KafkaOptions) {
    this.#runtime = runtime;
    this.#options = options;
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#jvm?.pid ?? 0;
  }

  async create(): Promise<void> {
    const [plain = 0, controller = 0, behindProxy = 0] = await freePorts(3);
    this.port = this.#options.port ?? plain;
    this.#folder = await guardedFolder("kafka");
    this.logFile = join(this.#folder, "broker.log");
    if (this.#options.proxied) {
      const proxy = await startTcpProxy({ targetPort: behindProxy });
      this.proxied = { proxy, bootstrap: `127.0.0.1:${proxy.port}` };
    }
    await this.#writeProperties({ controller, behindProxy });
    await this.#format();
    await this.#boot();
  }

  async kill(): Promise<void> {
    await this.#jvm?.kill();
  }

  async restart(): Promise<void> {
    await this.#jvm?.stop();
    await this.#boot();
  }

  freeze(): void {
    this.#jvm?.freeze();
  }

  resume(): void {
    this.#jvm?.resume();
  }

  async stop(): Promise<void> {
    // nobody reads the data again, so an orderly end would only take time
    await this.#jvm?.kill();
    await this.proxied?.proxy.close();
    if (this.#folder !== "") await removeFolder(this.#folder);
  }

  get #propertiesFile(): string {
    return join(this.#folder, "server.properties");
  }

  async #writeProperties(ports: { controller: number; behindProxy: number }): Promise<void> {
    const { proxied } = this;
    const plain = `PLAINTEXT://127.0.0.1:${this.port}`;
    const properties = {
      ...testProperties,
      "log.dirs": join(this.#folder, "data").replaceAll("\\", "/"),
      "controller.quorum.voters": `1@127.0.0.1:${ports.controller}`,
      "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT",
      listeners: [
        plain,
        `CONTROLLER://127.0.0.1:${ports.controller}`,
        ...(proxied ? [`PROXIED://127.0.0.1:${ports.behindProxy}`] : []),
      ].join(","),
      // the broker sends clients of this listener back to the proxy's port, not to its own
      "advertised.listeners": [plain, ...(proxied ? [`PROXIED://${proxied.bootstrap}`] : [])].join(","),
      ...this.#options.properties,
    };
    const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(this.#propertiesFile, lines.join(""));
  }

  async #format(): Promise<void> {
    // An id that begins with a hyphen would be read as an option.
    const clusterId = `m${randomBytes(16).toString("base64url").slice(1)}`;
    await runJvm(this.#command("kafka.tools.StorageTool", ["format", "-t", clusterId, "-c", this.#propertiesFile]));
  }

  async #boot(): Promise<void> {
    const logged = await logSize(this.logFile);
    const command = this.#command("kafka.Kafka", [this.#propertiesFile]);
    this.#jvm = await startJvm(command, () => hasLogged(this.logFile, "Kafka Server started", logged));
  }

  #command(mainClass: string, args: readonly string[]) {
    return {
      java: this.#runtime.java,
      classPath: this.#runtime.classPath.kafka,
      flags: [...(this.#options.jvmFlags ?? lightJvmFlags), "-Dorg.slf4j.simpleLogger.showDateTime=true"],
      mainClass,
      args,
      logFile: this.logFile,
    };
  }
}
