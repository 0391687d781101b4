import type { PartitionKey, TopicPartition } from "../../core/ids.ts";
import type { OffsetAt } from "../../ports/log.ts";
import { type ListOffsetsAnswer, listOffsetsRequest } from "./api/list-offsets.ts";
import { askLeaders } from "./cluster/ask-leaders.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { asStreamError } from "./failures.ts";

const AT_END = -1;
const AT_START = -2;

/** Offsets of partitions at a place or a time. @throws {StreamError} `TOPIC_MISSING`, `LOG_UNAVAILABLE`, … */
export async function listOffsets(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  at: OffsetAt,
): Promise<ReadonlyMap<PartitionKey, number>> {
  const timestampMs = typeof at === "object" ? at.timestampMs : at === "earliest" ? AT_START : AT_END;
  const found = await ask(cluster, partitions, { timestampMs, committedOnly: at === "lso" });
  const offsets = new Map([...found].map(([key, result]) => [key, result.offset]));
  const afterAll = [...found.values()].filter((result) => result.offset < 0);
  if (afterAll.length > 0) {
    const ends = await ask(cluster, afterAll, { timestampMs: AT_END, committedOnly: false });
    for (const [key, end] of ends) offsets.set(key, end.offset);
  }
  return offsets;
}

async function ask(
  cluster: Cluster,
  items: readonly TopicPartition[],
  at: { timestampMs: number; committedOnly: boolean },
): Promise<Map<PartitionKey, ListOffsetsAnswer["partitions"][number]>> {
  const deadline = cluster.callDeadline();
  try {
    return await askLeaders(cluster, {
      items,
      lane: "control",
      deadline,
      send: (link, partitions) => cluster.offsetAsks.ask(link, { partitions, ...at }, deadline),
      request: (partitions) => listOffsetsRequest({ partitions, ...at }),
      results: (answer: ListOffsetsAnswer) => answer.partitions,
    });
  } catch (error) {
    throw asStreamError(error, "offsets");
  }
}
