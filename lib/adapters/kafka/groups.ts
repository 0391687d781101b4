import { type PartitionKey, parsePartitionKey, partitionKey, type TopicPartition } from "../../core/ids.ts";
import { offsetCommitRequest } from "./api/offset-commit.ts";
import { type OffsetFetchAnswer, offsetFetchRequest } from "./api/offset-fetch.ts";
import { askCoordinator, decisiveError } from "./cluster/ask-coordinator.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { answerError, asStreamError } from "./failures.ts";

/** Stable committed offsets of a group; waits for transactions that are being finished. */
export async function committedOffsets(
  cluster: Cluster,
  group: string,
  partitions: readonly TopicPartition[],
): Promise<ReadonlyMap<PartitionKey, number | undefined>> {
  if (partitions.length === 0) return new Map();
  try {
    const answer = await askCoordinator<OffsetFetchAnswer>(cluster, {
      kind: "group",
      key: group,
      lane: "control",
      deadline: cluster.callDeadline(),
      request: offsetFetchRequest(group, partitions),
      error: ({ errorCode, partitions: results }) =>
        answerError(errorCode, { request: "OffsetFetch", group }) ??
        decisiveError(
          results.map(({ topic, partition, errorCode: code }) =>
            answerError(code, { request: "OffsetFetch", group, topic, partition }),
          ),
        ),
    });
    return new Map(
      answer.partitions.map(({ topic, partition, offset }) => [
        partitionKey(topic, partition),
        offset < 0 ? undefined : offset,
      ]),
    );
  } catch (error) {
    throw asStreamError(error, "committed");
  }
}

/** Writes offsets of a group without members, outside any transaction. */
export async function commitOffsets(
  cluster: Cluster,
  group: string,
  offsets: ReadonlyMap<PartitionKey, number>,
): Promise<void> {
  if (offsets.size === 0) return;
  const items = [...offsets].map(([key, offset]) => ({ ...parsePartitionKey(key), offset }));
  try {
    await askCoordinator(cluster, {
      kind: "group",
      key: group,
      lane: "control",
      deadline: cluster.callDeadline(),
      request: offsetCommitRequest(group, items),
      error: (answer) =>
        decisiveError(
          answer.partitions.map(({ topic, partition, errorCode }) =>
            answerError(errorCode, { request: "OffsetCommit", group, topic, partition }),
          ),
        ),
    });
  } catch (error) {
    throw asStreamError(error, "commitOffsets");
  }
}
