import { type PartitionKey, parsePartitionKey, partitionKey } from "../../core/ids.ts";
import { type FetchedPartition, type FetchRequest, LogError } from "../../ports/log.ts";
import type { FetchAnswer, FetchedBatches, FetchPartition } from "./api/fetch.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { asStreamError, retryOf } from "./failures.ts";
import { FetchPolls, firstUseful, type Poll } from "./fetch-polls.ts";
import { Troubles } from "./fetch-troubles.ts";
import { asFetchError, readFetched } from "./fetched-partition.ts";
import { ReadReplicas } from "./read-replicas.ts";
import { Deadline } from "./transport/deadline.ts";
import type { Address } from "./transport/links.ts";

/** How much longer than asked a fetch may look for a leader that moves, when it has nothing else to tell. */
const MOVE_GRACE_MS = 1_000;
/** Wait before looking for it again. */
const MOVE_PAUSE_MS = 20;
/** How much later than asked a leader may answer before the fetch goes on without it. */
const LATE_ANSWER_MS = 2_000;

/** One call of `fetch`. */
interface FetchCall {
  readonly request: FetchRequest;
  readonly wait: Deadline;
  readonly deadline: Deadline;
  readonly fetched: Map<PartitionKey, FetchedPartition>;
}

/**
 * Reads committed records: one request per leader, or follower in our rack, each on a socket that nothing else waits for.
 *
 * A partition whose leader moves, or that cannot be reached for a moment, is looked up again. When that takes longer than
 * a second it is left out of the answer, like the partitions of leaders that still wait for records; when it takes longer than the call timeout it becomes an error of its own.
 */
export class Fetcher {
  private readonly cluster: Cluster;
  private readonly troubles: Troubles;
  private readonly polls: FetchPolls;
  private readonly replicas: ReadReplicas;
  /** Partitions that were read: a broker that has not heard of one of them may be behind. */
  private readonly wasRead = new Set<PartitionKey>();
  private rotation = 0;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.troubles = new Troubles(cluster.settings.callTimeoutMs);
    this.polls = new FetchPolls(cluster.links);
    this.replicas = new ReadReplicas(cluster.topics, cluster.settings.rack);
  }

  /** @throws {StreamError} `AUTHENTICATION_FAILED`, `UNSUPPORTED_BROKER`, `LOG_UNAVAILABLE` after `close` */
  async fetch(request: FetchRequest): Promise<ReadonlyMap<PartitionKey, FetchedPartition>> {
    const { maxWaitMs, positions } = request;
    const patience = new Deadline(maxWaitMs + MOVE_GRACE_MS);
    const deadline = new Deadline(maxWaitMs + this.cluster.settings.callTimeoutMs);
    const call: FetchCall = { request, wait: new Deadline(maxWaitMs), deadline, fetched: new Map() };
    try {
      for (;;) {
        const moved = await this.fetchOnce(call);
        if (!moved) return call.fetched;
        if (call.fetched.size === positions.size || madeProgress(call) || patience.passed) {
          void this.lookAgain(call).catch(() => {}); // in the background: what was read must not wait for it
          return call.fetched;
        }
        await this.lookAgain(call);
        await deadline.sleep(MOVE_PAUSE_MS);
      }
    } catch (error) {
      throw asStreamError(error, "fetch");
    }
  }

  /** @returns whether a leader has to be looked up again */
  private async fetchOnce(call: FetchCall): Promise<boolean> {
    call.fetched.clear();
    const looked = await this.knowTopics(call);
    const groups = this.byBroker(call, looked);
    const leaderless = [...groups.values()].flat().length + call.fetched.size < call.request.positions.size;
    const polls = [...groups].map(([address, partitions]) => ({ address, poll: this.poll(call, address, partitions) }));
    await firstUseful(
      polls.map(({ poll }) => poll),
      call.wait.remainingMs + LATE_ANSWER_MS,
    );
    let moved = leaderless;
    for (const { address, poll } of polls) {
      if (poll.outcome === undefined) this.polls.park(address, poll);
      else if (this.takeAll(poll, call)) moved = true;
    }
    return moved;
  }

  private poll({ request, wait, deadline }: FetchCall, address: Address, partitions: readonly FetchPartition[]): Poll {
    const { maxPartitionBytes } = request;
    const maxBytes = Math.ceil((request.maxBytes * partitions.length) / request.positions.size);
    const maxWaitMs = Math.floor(wait.remainingMs);
    const { rack } = this.replicas;
    return this.polls.start({ address, partitions, maxWaitMs, maxBytes, maxPartitionBytes, rack }, deadline);
  }

  private knowTopics({ request, deadline }: FetchCall): Promise<boolean> {
    const topics = [...request.positions.keys()].map((key) => parsePartitionKey(key).topic);
    return this.whileReachable(() => this.cluster.topics.know(topics, deadline));
  }

  private lookAgain({ request, deadline }: FetchCall): Promise<boolean> {
    const topics = new Set([...request.positions.keys()].map((key) => parsePartitionKey(key).topic));
    return this.whileReachable(() => this.cluster.topics.look([...topics], deadline));
  }

  /** A look-up that fails for the moment is repeated with the next fetch. @returns whether it worked */
  private async whileReachable(look: () => Promise<void>): Promise<boolean> {
    try {
      await look();
      return true;
    } catch (error) {
      if (retryOf(error) === undefined) throw error;
      return false;
    }
  }

  /** Partitions by the broker to read them at, beginning with another one at every call: brokers fill `maxBytes` in the order asked. */
  private byBroker({ request, fetched }: FetchCall, looked: boolean): Map<Address, FetchPartition[]> {
    const groups = new Map<Address, FetchPartition[]>();
    const positions = [...request.positions];
    const start = positions.length === 0 ? 0 : this.rotation++ % positions.length;
    for (const [key, offset] of [...positions.slice(start), ...positions.slice(0, start)]) {
      const { topic, partition } = parsePartitionKey(key);
      const address = this.replicas.address(topic, partition);
      if (address === undefined) this.reportLeaderless(fetched, key, looked);
      else {
        const group = groups.get(address);
        if (group === undefined) groups.set(address, [{ topic, partition, offset }]);
        else group.push({ topic, partition, offset });
      }
    }
    return groups;
  }

  private reportLeaderless(fetched: Map<PartitionKey, FetchedPartition>, key: PartitionKey, looked: boolean): void {
    const place = parsePartitionKey(key);
    const name = `${place.topic}-${place.partition}`;
    const { topics } = this.cluster;
    const problem = topics.problem(place.topic);
    if (problem !== undefined) {
      fetched.set(key, { kind: "error", error: asFetchError(problem, place) });
    } else if (looked && topics.get(place.topic)?.leaders[place.partition] === undefined) {
      const error = new LogError("UNKNOWN_TOPIC_OR_PARTITION", `${name} does not exist`, { details: { ...place } });
      // Looked up just now, or known with fewer partitions: told at once, unless it was there before.
      if (this.wasRead.has(key)) this.report(fetched, key, error);
      else fetched.set(key, { kind: "error", error });
    } else {
      this.report(
        fetched,
        key,
        new LogError("LEADER_NOT_AVAILABLE", `${name} has no leader`, { details: { ...place } }),
      );
    }
  }

  /** @returns whether a leader has to be looked up again */
  private takeAll({ outcome, partitions }: Poll, call: FetchCall): boolean {
    if (outcome?.kind === "answer") return this.takeAnswer(outcome.answer, call);
    if (outcome === undefined) return false;
    if (retryOf(outcome.error) === undefined) throw outcome.error;
    for (const { topic, partition } of partitions)
      this.report(call.fetched, partitionKey(topic, partition), outcome.error);
    return true;
  }

  private takeAnswer({ partitions }: FetchAnswer, call: FetchCall): boolean {
    let unread = partitions.filter(({ batches }) => batches.length > 0).length;
    // All partitions lie in one frame: it is free when each of them was read.
    const onRelease = (batches: Buffer) => {
      if (batches.length > 0 && --unread === 0) this.cluster.links.frames.giveBack(batches);
    };
    return partitions.map((it) => this.take(it, call, () => onRelease(it.batches))).includes(true);
  }

  private take(batches: FetchedBatches, { request, fetched }: FetchCall, onRelease: () => void): boolean {
    const key = partitionKey(batches.topic, batches.partition);
    const from = request.positions.get(key);
    if (from === undefined) return false;
    const result = readFetched(batches, { from, onRelease });
    if (result.kind === "error") {
      const leftFollower = this.report(fetched, key, result.error);
      return leftFollower || retryOf(result.error) === "refresh-resend";
    }
    const isUnknown = batches.nearerBroker >= 0 && !this.replicas.follow(key, batches.nearerBroker);
    this.troubles.over(key);
    this.wasRead.add(key);
    fetched.set(key, result);
    return isUnknown;
  }

  /** @returns whether it is a follower that failed: then nothing is told, the leader's word counts */
  private report(fetched: Map<PartitionKey, FetchedPartition>, key: PartitionKey, trouble: Error): boolean {
    if (this.replicas.leave(key)) return true;
    const error = this.troubles.judge(key, trouble);
    if (error !== undefined) fetched.set(key, { kind: "error", error });
    return false;
  }
}

function madeProgress({ request, fetched }: FetchCall): boolean {
  for (const [key, result] of fetched) {
    if (result.kind === "error" || result.next > (request.positions.get(key) ?? 0)) return true;
  }
  return false;
}
