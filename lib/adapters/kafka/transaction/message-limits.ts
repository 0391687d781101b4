import { StreamError } from "../../../core/errors.ts";
import { describeConfigsRequest } from "../api/describe-configs.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { retrying } from "../retry.ts";
import type { Deadline } from "../transport/deadline.ts";

const SETTING = "max.message.bytes";

/**
 * The largest batch that each topic takes, asked for once per topic.
 *
 * A user who may not describe configurations has no limit here: then the broker refuses a batch that is too large.
 */
export class MessageLimits {
  private readonly cluster: Cluster;
  private readonly limits = new Map<string, number>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** @throws {StreamError} `RECORD_TOO_LARGE` that names topic, size and limit */
  async check(
    batches: readonly { topic: string; partition: number; bytes: Buffer; count: number }[],
    deadline: Deadline,
  ): Promise<void> {
    await this.know(
      batches.map((batch) => batch.topic),
      deadline,
    );
    for (const { topic, partition, bytes, count } of batches) {
      const byteLength = bytes.length;
      const limitBytes = this.limits.get(topic) ?? Number.POSITIVE_INFINITY;
      if (byteLength <= limitBytes) continue;
      throw new StreamError(
        "RECORD_TOO_LARGE",
        `a batch of ${count} records for ${topic}-${partition} takes ${byteLength} bytes, ${SETTING} is ${limitBytes}`,
        { details: { topic, partition, byteLength, count, limitBytes } },
      );
    }
  }

  private async know(topics: Iterable<string>, deadline: Deadline): Promise<void> {
    const unknown = [...new Set(topics)].filter((topic) => !this.limits.has(topic));
    if (unknown.length === 0) return;
    const answer = await retrying({ deadline, refresh: async () => {} }, () =>
      this.cluster.anyBroker.ask(describeConfigsRequest(unknown, [SETTING]), deadline),
    );
    for (const { name, errorCode, configs } of answer.topics) {
      const limit = Number(configs.get(SETTING) ?? Number.NaN);
      const missing = errorCode === 3; // created in a moment: ask again then
      if (!missing) this.limits.set(name, errorCode === 0 && limit > 0 ? limit : Number.POSITIVE_INFINITY);
    }
  }
}
