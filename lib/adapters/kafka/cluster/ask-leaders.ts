import { type PartitionKey, partitionKey, type TopicPartition } from "../../../core/ids.ts";
import { LogError } from "../../../ports/log.ts";
import { answerError, isUnknownTopic, retryOf, TOPIC_GRACE_MS } from "../failures.ts";
import { Backoff } from "../retry.ts";
import { Deadline } from "../transport/deadline.ts";
import type { Link } from "../transport/link.ts";
import type { Address, Lane } from "../transport/links.ts";
import type { Answer, WireRequest } from "../wire/request.ts";
import type { Cluster } from "./cluster.ts";

/** The result for one partition. */
export interface PartitionResult extends TopicPartition {
  readonly errorCode: number;
  readonly message?: string | null;
}

/** A call that goes to the leaders of partitions, one request each. */
export interface LeaderCall<I extends TopicPartition, A extends Answer, R extends PartitionResult> {
  readonly items: readonly I[];
  readonly lane: Lane;
  readonly deadline: Deadline;
  /** How long the leader may wait for its replicas. */
  readonly expectedWaitMs?: number;
  request(items: readonly I[]): WireRequest<A>;
  /** Sends the request for some items otherwise than alone; its answer may have more partitions than were asked for. */
  send?(link: Link, items: readonly I[]): Promise<A>;
  results(answer: A): readonly R[];
}

/**
 * Asks the leader of each partition, again where it has moved, until every partition has a result.
 *
 * @throws {LogError} {@link LostRequest} of a partition that cannot be retried, or the last one when the deadline passed;
 *   not before every request has ended
 */
export async function askLeaders<I extends TopicPartition, A extends Answer, R extends PartitionResult>(
  cluster: Cluster,
  call: LeaderCall<I, A, R>,
): Promise<Map<PartitionKey, R>> {
  const done = new Map<PartitionKey, R>();
  const backoff = new Backoff(call.deadline);
  const grace = new Deadline(TOPIC_GRACE_MS);
  let pending = call.items;
  for (;;) {
    const round = await askOnce(cluster, call, pending);
    for (const [key, result] of round.results) done.set(key, result);
    if (round.failed.size === 0) return done;
    const errors = [...round.failed.values()];
    const final = errors.find((error) => retryOf(error) === undefined || (isUnknownTopic(error) && grace.passed));
    if (final !== undefined) throw final;
    if (call.deadline.passed) throw errors[0];
    const moved = errors.some((error) => retryOf(error) === "refresh-resend");
    await backoff.wait(moved ? "refresh-resend" : "backoff-resend");
    if (moved) await lookAgain(cluster, pending, call.deadline);
    pending = pending.filter((item) => round.failed.has(partitionKey(item.topic, item.partition)));
  }
}

interface Round<R> {
  readonly results: ReadonlyMap<PartitionKey, R>;
  readonly failed: ReadonlyMap<PartitionKey, Error>;
}

async function askOnce<I extends TopicPartition, A extends Answer, R extends PartitionResult>(
  cluster: Cluster,
  call: LeaderCall<I, A, R>,
  items: readonly I[],
): Promise<Round<R>> {
  const results = new Map<PartitionKey, R>();
  const failed = new Map<PartitionKey, Error>();
  const groups = new Map<Link, I[]>();
  try {
    const topics = new Set(items.map((item) => item.topic));
    await cluster.topics.know(topics, call.deadline);
    cluster.topics.check(topics);
  } catch (error) {
    return {
      results,
      failed: new Map(items.map((item) => [partitionKey(item.topic, item.partition), error as Error])),
    };
  }
  for (const item of items) {
    const address = leaderOf(cluster, item);
    if (address instanceof Error) failed.set(partitionKey(item.topic, item.partition), address);
    else pushTo(groups, cluster.links.to(address, call.lane), item);
  }
  const asked = [...groups].map(async ([link, group]) => {
    for (const [key, outcome] of await askLeader(link, call, group)) {
      if (outcome instanceof Error) failed.set(key, outcome);
      else results.set(key, outcome);
    }
  });
  await Promise.all(asked);
  return { results, failed };
}

/** One request to one leader: every partition of it has an outcome, whatever happens. */
async function askLeader<I extends TopicPartition, A extends Answer, R extends PartitionResult>(
  link: Link,
  call: LeaderCall<I, A, R>,
  group: readonly I[],
): Promise<Map<PartitionKey, R | Error>> {
  const { deadline, expectedWaitMs = 0 } = call;
  const request = call.request(group);
  const same = (error: Error) => new Map(group.map(({ topic, partition }) => [partitionKey(topic, partition), error]));
  try {
    const answer = await (call.send?.(link, group) ?? link.send(request, { deadline, expectedWaitMs }));
    const outcomes = new Map<PartitionKey, R | Error>(
      same(new LogError("UNKNOWN_SERVER_ERROR", `${link.address} left a partition out of ${request.api.name}`)),
    );
    for (const result of call.results(answer)) {
      const { topic, partition, errorCode, message = null } = result;
      if (!outcomes.has(partitionKey(topic, partition))) continue;
      const error = answerError(errorCode, { request: request.api.name, topic, partition, message });
      outcomes.set(partitionKey(topic, partition), error ?? result);
    }
    return outcomes;
  } catch (error) {
    return same(error as Error);
  }
}

function leaderOf(cluster: Cluster, { topic, partition }: TopicPartition): Address | Error {
  const address = cluster.topics.leader(topic, partition);
  if (address !== undefined) return address;
  const entry = cluster.topics.get(topic);
  const details = { topic, partition };
  return entry === undefined || entry.leaders[partition] === undefined
    ? new LogError("UNKNOWN_TOPIC_OR_PARTITION", `${topic}-${partition} does not exist`, { details })
    : new LogError("LEADER_NOT_AVAILABLE", `${topic}-${partition} has no leader`, { details });
}

async function lookAgain(cluster: Cluster, items: readonly TopicPartition[], deadline: Deadline): Promise<void> {
  try {
    await cluster.topics.look([...new Set(items.map((item) => item.topic))], deadline);
  } catch (error) {
    if (retryOf(error) === undefined) throw error;
  }
}

function pushTo<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}
