import { StreamError } from "../../../core/errors.ts";
import { describeConfigsRequest } from "../api/describe-configs.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { retrying } from "../retry.ts";
import type { Deadline } from "../transport/deadline.ts";

const SETTING = "max.message.bytes";

/** A batch that is to be sent. */
interface SizedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Buffer;
  readonly count: number;
}

/**
 * The largest batch that each topic takes, asked for once per topic, and again before a batch is refused: it may have been
 * raised since.
 *
 * A user who may not describe configurations has no limit here: then the broker refuses a batch that is too large.
 */
export class MessageLimits {
  private readonly cluster: Cluster;
  private readonly limits = new Map<string, number>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** Asks for limits in the background, so that the first batches need not wait for them. A failure is nothing: they ask again. */
  learn(topics: Iterable<string>): void {
    const unknown = [...topics].filter((topic) => !this.limits.has(topic));
    if (unknown.length > 0) this.ask(unknown, this.cluster.callDeadline()).catch(() => {});
  }

  /** @throws {StreamError} `RECORD_TOO_LARGE` that names topic, size and limit */
  async check(batches: readonly SizedBatch[], deadline: Deadline): Promise<void> {
    const unknown = batches.filter(({ topic }) => !this.limits.has(topic));
    if (unknown.length > 0) await this.askFor(unknown, deadline);
    const large = batches.filter((batch) => batch.bytes.length > this.limitOf(batch));
    if (large.length === 0) return;
    await this.askFor(large, deadline);
    const refused = large.find((batch) => batch.bytes.length > this.limitOf(batch));
    if (refused !== undefined) throw tooLarge(refused, this.limitOf(refused));
  }

  private limitOf({ topic }: SizedBatch): number {
    return this.limits.get(topic) ?? Number.POSITIVE_INFINITY;
  }

  private askFor(batches: readonly SizedBatch[], deadline: Deadline): Promise<void> {
    return this.ask([...new Set(batches.map(({ topic }) => topic))], deadline);
  }

  private async ask(topics: readonly string[], deadline: Deadline): Promise<void> {
    const answer = await retrying({ deadline, refresh: async () => {} }, () =>
      this.cluster.anyBroker.ask(describeConfigsRequest(topics, [SETTING]), deadline),
    );
    for (const { name, errorCode, configs } of answer.topics) {
      const limit = Number(configs.get(SETTING) ?? Number.NaN);
      const missing = errorCode === 3; // created in a moment: ask again then
      if (!missing) this.limits.set(name, errorCode === 0 && limit > 0 ? limit : Number.POSITIVE_INFINITY);
    }
  }
}

function tooLarge({ topic, partition, bytes, count }: SizedBatch, limitBytes: number): StreamError {
  const byteLength = bytes.length;
  return new StreamError(
    "RECORD_TOO_LARGE",
    `a batch of ${count} records for ${topic}-${partition} takes ${byteLength} bytes, ${SETTING} is ${limitBytes}`,
    { details: { topic, partition, byteLength, count, limitBytes } },
  );
}
