import { createRequire } from "node:module";
import kafkajs, { type Kafka, type KafkaConfig } from "kafkajs";

/** What kafkajs keeps per connection, as far as its timer is concerned. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

const { prototype: queue } = createRequire(import.meta.url)("kafkajs/src/network/requestQueue") as {
  readonly prototype: RequestQueue;
};
const schedule = queue.scheduleCheckPendingRequests;
// Without this kafkajs sets a timer for a moment long ago after every answer (throttledUntil is -1), of which Node warns.
queue.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
};

/** A client of kafkajs: for what our own has no call for. It logs nothing. */
export function rawKafka(bootstrap: string, options: Partial<KafkaConfig> = {}): Kafka {
  return new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING, ...options });
}
