import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { WireReader } from "../../../../lib/adapters/kafka/wire/reader.ts";
import { WireWriter } from "../../../../lib/adapters/kafka/wire/writer.ts";

/** Requests by their number in Kafka's protocol. */
export const apis = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  SaslHandshake: 17,
  ApiVersions: 18,
  CreateTopics: 19,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  EndTxn: 26,
  TxnOffsetCommit: 28,
  DescribeConfigs: 32,
  SaslAuthenticate: 36,
} as const;

/** Name of a request. */
export type ApiName = keyof typeof apis;

const apiNames = new Map<number, ApiName>(Object.entries(apis).map(([name, key]) => [key, name as ApiName]));

/** The first versions with tagged fields. */
const firstFlexible: Partial<Record<ApiName, number>> = {
  Produce: 9,
  Metadata: 9,
  OffsetFetch: 6,
  ApiVersions: 3,
  EndTxn: 3,
  TxnOffsetCommit: 3,
};

/** A request that arrived, with its body to read. */
export interface Arrived {
  readonly api: ApiName;
  readonly version: number;
  readonly body: Buffer;
  readonly atMs: number;
  /** Which connection it came on, counted from 0. */
  readonly connection: number;
}

/** What a script does with a request: an answer body, a lost connection, or nothing at all. */
export type Reaction = ((out: WireWriter) => unknown) | "reset" | "silence";

/** Decides about a request; may take its time. */
export type Script = (request: WireReader, arrived: Arrived) => Reaction | Promise<Reaction>;

/** A topic of a scripted cluster: node ids of its leaders by partition. */
export type ScriptedTopics = Record<string, readonly number[]>;

/**
 * A server that speaks just enough of Kafka's protocol to try an adapter on: it answers as it is told and remembers what it
 * was asked. Several of them make a cluster.
 */
export class ScriptedBroker {
  readonly arrived: Arrived[] = [];
  readonly nodeId: number;
  /** Shared by the brokers of a cluster. */
  cluster: { brokers: ScriptedBroker[]; topics: ScriptedTopics };
  /** Newest version of each request that ApiVersions tells. */
  maxVersion = 20;
  /** What DescribeConfigs tells of every topic; nothing without it. */
  maxMessageBytes: number | undefined;
  /** How long a new connection is asked to stay quiet. */
  throttleMs = 0;
  /** The level of `transaction.version` that the cluster has finalised. */
  transactionVersion = 1;
  private readonly scripts = new Map<ApiName, Script>();
  private readonly once = new Map<ApiName, Script[]>();
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private connections = 0;
  private refusing = false;

  private constructor(nodeId: number) {
    this.nodeId = nodeId;
    this.cluster = { brokers: [this], topics: {} };
    this.server = createServer((socket) => this.accept(socket));
    this.always("ApiVersions", (_, { version }) => (version < 3 ? this.versions() : this.features()));
    this.always("Metadata", (request) => this.metadata(request));
    this.always("FindCoordinator", () => (out) => {
      out.int32(0).int16(0).nullableString(null).int32(nodeId).string("127.0.0.1").int32(this.port);
    });
    this.always("DescribeConfigs", (request) => {
      const topics = request.array(() => {
        request.int8();
        const name = request.string();
        request.array(() => request.string());
        return name;
      });
      const limits = this.maxMessageBytes === undefined ? [] : [`${this.maxMessageBytes}`];
      return (out) => {
        out.int32(0).array(topics, (name) => {
          out.int16(0).nullableString(null).int8(2).string(name);
          out.array(limits, (limit) => {
            out.string("max.message.bytes").nullableString(limit).boolean(false).int8(1).boolean(false).int32(0);
          });
        });
      };
    });
  }

  /** Starts brokers 1 … `count` of one cluster. */
  static async cluster(count: number, topics: ScriptedTopics): Promise<ScriptedBroker[]> {
    const brokers = Array.from({ length: count }, (_, index) => new ScriptedBroker(index + 1));
    const cluster = { brokers, topics };
    for (const broker of brokers) {
      broker.cluster = cluster;
      await new Promise<void>((resolve) => broker.server.listen(0, "127.0.0.1", resolve));
    }
    return brokers;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** How a kind of request is answered from now on. */
  always(api: ApiName, script: Script): void {
    this.scripts.set(api, script);
  }

  /** How the next request of a kind is answered, before what `always` says. */
  next(api: ApiName, script: Script): void {
    this.once.set(api, [...(this.once.get(api) ?? []), script]);
  }

  /** Requests of a kind that arrived. */
  asked(api: ApiName): Arrived[] {
    return this.arrived.filter((request) => request.api === api);
  }

  /** Resets every connection from now on; the port stays ours. */
  refuse(): void {
    this.refusing = true;
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private accept(socket: Socket): void {
    if (this.refusing) {
      socket.destroy();
      return;
    }
    const connection = this.connections++;
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => {});
    let buffered = Buffer.alloc(0);
    let chain = Promise.resolve();
    socket.on("data", (chunk) => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= 4 && buffered.length >= 4 + buffered.readInt32BE(0)) {
        const frame = buffered.subarray(4, 4 + buffered.readInt32BE(0));
        buffered = buffered.subarray(4 + frame.length);
        // Like a real broker: one request of a connection after the other.
        chain = chain.then(() => this.handle(socket, frame, connection));
      }
    });
  }

  private async handle(socket: Socket, frame: Buffer, connection: number): Promise<void> {
    const api = apiNames.get(frame.readInt16BE(0));
    if (api === undefined) throw new Error(`request ${frame.readInt16BE(0)} is not known to the scripted broker`);
    const version = frame.readInt16BE(2);
    const flexible = version >= (firstFlexible[api] ?? 100);
    const bodyStart = 10 + Math.max(0, frame.readInt16BE(8)) + (flexible ? 1 : 0);
    const arrived = { api, version, connection, atMs: performance.now(), body: frame.subarray(bodyStart) };
    this.arrived.push(arrived);
    const script = this.once.get(api)?.shift() ?? this.scripts.get(api);
    if (script === undefined) throw new Error(`nothing is scripted for ${api}`);
    const reaction = await script(new WireReader(arrived.body), arrived);
    if (reaction === "silence") return;
    if (reaction === "reset") {
      socket.destroy();
      return;
    }
    const out = new WireWriter();
    if (flexible && api !== "ApiVersions") out.noTags();
    reaction(out);
    const head = Buffer.alloc(8);
    head.writeInt32BE(4 + out.view().length, 0);
    frame.copy(head, 4, 4, 8);
    socket.write(Buffer.concat([head, out.view()]));
  }

  private versions(): Reaction {
    const numbers = Object.values(apis);
    return (out) => {
      out.int16(0).array(numbers, (key) => out.int16(key).int16(0).int16(this.maxVersion));
      out.int32(this.throttleMs);
    };
  }

  /** One version, and two of the tagged fields: the features' epoch, which is skipped, and their levels. */
  private features(): Reaction {
    const levels = new WireWriter();
    levels.compactArray(["metadata.version", "transaction.version"], (name) => {
      const level = name === "transaction.version" ? this.transactionVersion : 25;
      levels.compactString(name).int16(level).int16(0).noTags();
    });
    return (out) => {
      out.int16(0).compactArray([0], (key) => out.int16(key).int16(0).int16(this.maxVersion).noTags());
      out.int32(0).int8(2).int8(1).int8(8).int64(1);
      out.int8(2).int8(levels.view().length).raw(levels.view());
    };
  }

  private metadata(request: WireReader): Reaction {
    const names = request.compactArray(() => {
      request.raw(16);
      const name = request.compactString();
      request.tags();
      return name;
    });
    const { brokers, topics } = this.cluster;
    return (out) => {
      out.int32(0);
      out.compactArray(brokers, (broker) => {
        out.int32(broker.nodeId).compactString("127.0.0.1").int32(broker.port).int8(0).noTags();
      });
      out.int8(0).int32(1);
      out.compactArray(names, (name) => {
        const leaders = topics[name];
        out
          .int16(leaders === undefined ? 3 : 0)
          .compactString(name)
          .raw(Buffer.alloc(16, 7))
          .boolean(false);
        out.compactArray([...(leaders ?? []).entries()], ([partition, leader]) => {
          out.int16(0).int32(partition).int32(leader).int32(0);
          for (let list = 0; list < 3; list++) out.compactArray([], () => {});
          out.noTags();
        });
        out.int32(0).noTags();
      });
      out.int32(0).noTags();
    };
  }
}
