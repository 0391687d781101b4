import { type AnswerLossProxy, startAnswerLossProxy } from "../answer-loss-proxy.ts";
import { type KafkaOptions, startKafka } from "./kafka.ts";
import { freePorts } from "./ports.ts";

/** A broker to test against, and what can be done to it. */
export interface Broker {
  readonly bootstrap: string;
  /** Bootstrap address behind the proxy. */
  readonly proxied: string | undefined;
  readonly proxy: AnswerLossProxy | undefined;
  stop(): Promise<void>;
}

/** Brokers that differ in the transaction protocol. */
export interface BrokerKind {
  readonly title: string;
  readonly start: Pick<KafkaOptions, "version" | "transactionVersion">;
  readonly raisesEpochs: boolean;
}

/** The newest release, on the newest protocol. */
export const newest: BrokerKind = { title: "Kafka", start: {}, raisesEpochs: true };

/** Brokers on the older protocol. */
export const older: readonly BrokerKind[] = [
  { title: "Kafka with transaction.version 1", start: { transactionVersion: 1 }, raisesEpochs: false },
  { title: "Kafka 3.9", start: { version: "3.9" }, raisesEpochs: false },
];

/** A broker of our own: one listener behind a proxy that loses answers, and a cleaner that does not sleep for long. */
export async function ownBroker(kind: BrokerKind): Promise<Broker> {
  const [plain = 0, controller = 0, behind = 0, front = 0] = await freePorts(4);
  const at = (name: string, port: number) => `${name}://127.0.0.1:${port}`;
  const server = await startKafka({
    ...kind.start,
    port: plain,
    properties: {
      listeners: [at("PLAINTEXT", plain), at("CONTROLLER", controller), at("PROXIED", behind)].join(","),
      "advertised.listeners": [at("PLAINTEXT", plain), at("PROXIED", front)].join(","),
      "controller.quorum.voters": `1@127.0.0.1:${controller}`,
      "log.cleaner.backoff.ms": 100,
      "log.retention.check.interval.ms": 1_000,
    },
  });
  const proxy = await startAnswerLossProxy({ port: front, targetPort: behind });
  const stop = async () => {
    await proxy.close();
    await server.stop();
  };
  return { bootstrap: server.bootstrap, proxied: `127.0.0.1:${front}`, proxy, stop };
}
