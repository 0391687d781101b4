import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { findJars, type ServerJars } from "./jars.ts";
import { hasLogged, type JvmProcess, lightJvmFlags, logSize, runJvm, startJvm } from "./jvm.ts";
import { freePorts } from "./ports.ts";
import { guardedFolder, removeFolder } from "./reaper.ts";

/** How a test wants its own broker. */
export interface KafkaOptions {
  /** The newest release unless told. */
  readonly version?: "3.9";
  /** Level of `transaction.version` that the cluster is formatted with, instead of the release's newest. */
  readonly transactionVersion?: number;
  /** Port of the plain listener; a free one by default. */
  readonly port?: number;
  /** Broker properties that replace or extend the test settings, for example `{ "offsets.retention.minutes": 1 }`. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  /** Adds a listener behind a TCP proxy; clients that bootstrap there stay behind it. */
  readonly proxied?: boolean;
  /**
   * Runs the controller in a process of its own, which survives `kill`, as in a real cluster; `restart` then waits until it
   * has noticed the death (3 s). Needed wherever transactions must survive a kill: a broker with its controller inside takes
   * itself for the leader of everything when it comes back, begins to end transactions, is then fenced by its own
   * controller, and skips the markers of partitions that have no leader at that moment (KAFKA-20734). Records of an aborted
   * transaction are then committed with the next one.
   */
  readonly ownController?: boolean;
  /** Makes it one more broker of a cluster, whose controller is the one of that broker. */
  readonly joins?: { readonly cluster: KafkaServer; readonly nodeId: number };
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
  readonly clusterId: string;
  /** Where its controller listens. */
  readonly controllerPort: number;
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

const FENCE_DEADLINE_MS = 30_000;
const FENCE_POLL_MS = 50;

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
  // records of tests have any time: those of 1970 would be deleted half a minute after the broker's start
  "log.retention.ms": -1,
  "log.cleaner.dedupe.buffer.size": 8 * 1024 * 1024,
  "num.network.threads": 2,
  "num.io.threads": 4,
};

/**
 * Starts a Kafka broker, by default its own controller, on loopback, with its data in a temporary folder.
 *
 * @throws {ServersUnavailable} when Java or Maven is missing
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const broker = new Broker(await findJars(options.version === "3.9" ? "kafka-3.9" : "kafka"), options);
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
  clusterId = "";
  controllerPort = 0;
  proxied: KafkaServer["proxied"];
  readonly #jars: ServerJars;
  readonly #options: KafkaOptions;
  #folder = "";
  #jvm: JvmProcess | undefined;
  #controller: JvmProcess | undefined;
  /** Bytes of the controller's log before the broker was killed. */
  #controllerLoggedBytes: number | undefined;

  constructor(jars: ServerJars, options: KafkaOptions) {
    this.#jars = jars;
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
    const { joins, ownController } = this.#options;
    this.clusterId = joins?.cluster.clusterId ?? randomBytes(16).toString("base64url");
    this.controllerPort = joins?.cluster.controllerPort ?? controller;
    await this.#writeProperties({ controller: this.controllerPort, behindProxy });
    await Promise.all([
      this.#format("server", this.clusterId),
      ownController && this.#format("controller", this.clusterId),
    ]);
    await Promise.all([this.#boot(), this.#options.ownController && this.#bootController()]);
  }

  async kill(): Promise<void> {
    if (this.#controller !== undefined) this.#controllerLoggedBytes = await logSize(this.#controllerLogFile);
    await this.#jvm?.kill();
  }

  async restart(): Promise<void> {
    await this.#jvm?.stop();
    if (this.#controllerLoggedBytes !== undefined) await this.#untilFenced(this.#controllerLoggedBytes);
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
    await Promise.all([this.#jvm?.kill(), this.#controller?.kill()]);
    await this.proxied?.proxy.close();
    if (this.#folder !== "") await removeFolder(this.#folder);
  }

  get #controllerLogFile(): string {
    return join(this.#folder, "controller.log");
  }

  async #writeProperties(ports: { controller: number; behindProxy: number }): Promise<void> {
    const { proxied } = this;
    const { joins, ownController = false, properties = {} } = this.#options;
    const isBrokerOnly = ownController || joins !== undefined;
    const plain = `PLAINTEXT://127.0.0.1:${this.port}`;
    const controllerListener = `CONTROLLER://127.0.0.1:${ports.controller}`;
    const both = {
      ...testProperties,
      "controller.quorum.voters": `${ownController ? 2 : 1}@127.0.0.1:${ports.controller}`,
      "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT",
    };
    const ways = [plain, ...(proxied ? [`PROXIED://127.0.0.1:${ports.behindProxy}`] : [])];
    await this.#writeFile("server", {
      ...both,
      ...(isBrokerOnly && { "process.roles": "broker" }),
      ...(joins && { "node.id": joins.nodeId }),
      "log.dirs": this.#dataFolder("data"),
      listeners: [...ways, ...(isBrokerOnly ? [] : [controllerListener])].join(","),
      // the broker sends clients of this listener back to the proxy's port, not to its own
      "advertised.listeners": [plain, ...(proxied ? [`PROXIED://${proxied.bootstrap}`] : [])].join(","),
      ...properties,
    });
    if (!ownController) return;
    const alone = { "process.roles": "controller", "node.id": 2, listeners: controllerListener };
    await this.#writeFile("controller", {
      ...both,
      ...alone,
      "log.dirs": this.#dataFolder("controller"),
      ...properties,
    });
  }

  async #writeFile(name: string, properties: Readonly<Record<string, string | number | boolean>>): Promise<void> {
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`);
    await writeFile(this.#propertiesFile(name), lines.join(""));
  }

  #propertiesFile(name: string): string {
    return join(this.#folder, `${name}.properties`);
  }

  #dataFolder(name: string): string {
    return join(this.#folder, name).replaceAll("\\", "/");
  }

  async #format(name: string, clusterId: string): Promise<void> {
    const { transactionVersion } = this.#options;
    const feature = transactionVersion === undefined ? [] : ["--feature", `transaction.version=${transactionVersion}`];
    // in one word: an id may begin with a dash
    const args = ["format", `--cluster-id=${clusterId}`, "-c", this.#propertiesFile(name), ...feature];
    await runJvm(this.#command("kafka.tools.StorageTool", args, this.logFile));
  }

  async #boot(): Promise<void> {
    const logged = await logSize(this.logFile);
    const command = this.#command("kafka.Kafka", [this.#propertiesFile("server")], this.logFile);
    this.#jvm = await startJvm(command, () => hasLogged(this.logFile, "Kafka Server started", logged));
  }

  async #bootController(): Promise<void> {
    const logFile = this.#controllerLogFile;
    const command = this.#command("kafka.Kafka", [this.#propertiesFile("controller")], logFile);
    this.#controller = await startJvm(command, () => hasLogged(logFile, "Kafka Server started", 0));
  }

  /** Until the controller has taken every partition away from the broker that was killed. */
  async #untilFenced(loggedBytes: number): Promise<void> {
    const giveUpAtMs = performance.now() + FENCE_DEADLINE_MS;
    while (!(await hasLogged(this.#controllerLogFile, "fenced=1", loggedBytes))) {
      if (performance.now() > giveUpAtMs)
        throw new Error(`the controller did not notice the death of the broker in ${FENCE_DEADLINE_MS} ms`);
      await delay(FENCE_POLL_MS);
    }
    this.#controllerLoggedBytes = undefined;
  }

  #command(mainClass: string, args: readonly string[], logFile: string) {
    return {
      java: this.#jars.java,
      classPath: this.#jars.classPath,
      flags: [...(this.#options.jvmFlags ?? lightJvmFlags), "-Dorg.slf4j.simpleLogger.showDateTime=true"],
      mainClass,
      args,
      logFile,
    };
  }
}
