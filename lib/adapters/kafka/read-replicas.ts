import { type PartitionKey, partitionKey } from "../../core/ids.ts";
import type { TopicMap } from "./cluster/topic-map.ts";
import { Deadline } from "./transport/deadline.ts";
import type { Address } from "./transport/links.ts";

/** How long a follower is read before its leader is asked again who is near: Kafka's `metadata.max.age.ms`. */
const KEPT_MS = 5 * 60_000;
/** How long no leader is asked for followers after one could not be read: it would name the same one again, and give no records. */
const SHUNNED_MS = 60_000;

/**
 * Where each partition is read: at a follower that its leader named, because it is in our rack, else at the leader.
 *
 * A follower may be behind, gone, or no follower any more. Whatever it answers but records sends us back to the leader,
 * which knows better, and for a minute no follower is asked for.
 *
 * @source KIP-392
 */
export class ReadReplicas {
  private readonly topics: TopicMap;
  private readonly ownRack: string;
  private readonly followers = new Map<PartitionKey, { readonly nodeId: number; readonly until: Deadline }>();

  private shunned: Deadline | undefined;

  /** @param rack Where we are; empty to read leaders only. */
  constructor(topics: TopicMap, rack: string) {
    this.topics = topics;
    this.ownRack = rack;
  }

  /** The rack to tell leaders; empty while they are not to name followers. */
  get rack(): string {
    return this.shunned === undefined || this.shunned.passed ? this.ownRack : "";
  }

  /** Where to read a partition now; undefined where there is nobody. */
  address(topic: string, partition: number): Address | undefined {
    const key = partitionKey(topic, partition);
    const follower = this.followers.get(key);
    if (follower !== undefined) {
      const address = follower.until.passed ? undefined : this.topics.broker(follower.nodeId);
      if (address !== undefined) return address;
      this.followers.delete(key);
    }
    return this.topics.leader(topic, partition);
  }

  /**
   * The leader named a follower to read. One that joined since the last look has no address yet: then the leader is read until
   * brokers were looked up, as it gives no records to those whom it sends away.
   *
   * @returns whether its address is known
   */
  follow(key: PartitionKey, nodeId: number): boolean {
    if (this.topics.broker(nodeId) === undefined) {
      this.shunned = new Deadline(SHUNNED_MS);
      return false;
    }
    this.followers.set(key, { nodeId, until: new Deadline(KEPT_MS) });
    return true;
  }

  /** Reading failed: back to the leader. @returns whether it was a follower that failed */
  leave(key: PartitionKey): boolean {
    const wasFollower = this.followers.delete(key);
    if (wasFollower) this.shunned = new Deadline(SHUNNED_MS);
    return wasFollower;
  }
}
