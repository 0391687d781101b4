import { createKafkaLog } from "../lib/adapters/kafka/kafka-log.ts";
import type { Log } from "../lib/ports/log.ts";

/** Connects to the broker of a bench. */
export function openLog(bootstrap: string): Promise<Log> {
  return createKafkaLog({ brokers: bootstrap.split(","), clientId: "millrace-bench" });
}
