import { type KafkaOptions, type KafkaServer, startKafka } from "./kafka.ts";

/** Brokers of one cluster, in the order of their racks; node ids count from 1. The first one is the controller. */
export interface KafkaCluster {
  readonly brokers: readonly KafkaServer[];
  stop(): Promise<void>;
}

/**
 * Starts a broker in each rack, each with a listener behind a TCP proxy. Followers may be read by clients in their rack.
 *
 * @throws {ServersUnavailable} when Java or Maven is missing
 */
export async function startKafkaCluster(racks: readonly string[]): Promise<KafkaCluster> {
  const brokers: KafkaServer[] = [];
  const stop = async () => {
    await Promise.all(brokers.map((broker) => broker.stop()));
  };
  try {
    for (const [index, rack] of racks.entries()) {
      const [cluster] = brokers;
      const options: KafkaOptions = {
        proxied: true,
        properties: {
          "broker.rack": rack,
          "offsets.topic.replication.factor": racks.length,
          "transaction.state.log.replication.factor": racks.length,
          // quotas look at the last two seconds, not at eleven
          "quota.window.num": 2,
          "replica.selector.class": "org.apache.kafka.common.replica.RackAwareReplicaSelector",
        },
      };
      brokers.push(
        await startKafka(cluster === undefined ? options : { ...options, joins: { cluster, nodeId: index + 1 } }),
      );
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { brokers, stop };
}
