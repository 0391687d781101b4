import { StreamError } from "../../../core/errors.ts";
import { type MetadataAnswer, type MetadataTopic, metadataRequest } from "../api/metadata.ts";
import { answerError } from "../failures.ts";
import { type Deadline, withinDeadline } from "../transport/deadline.ts";
import type { Address } from "../transport/links.ts";
import { LostRequest } from "../transport/lost-request.ts";
import type { AnyBroker } from "./any-broker.ts";

/** What is known of a topic. */
export interface TopicEntry {
  readonly topicId: string;
  /** Node id of the leader by partition; -1 where there is none now. */
  readonly leaders: readonly number[];
}

/** A look that has not begun. */
interface NextLook {
  readonly topics: Set<string>;
  /** The latest of those who wait for it. */
  deadline: Deadline;
  readonly done: Promise<void>;
}

const UNKNOWN_TOPIC = 3;
const LEADER_NOT_AVAILABLE = 5;

/** Which brokers there are and which of them leads each partition of the topics that were asked for. */
export class TopicMap {
  private readonly anyBroker: AnyBroker;
  private readonly topics = new Map<string, TopicEntry>();
  private readonly problems = new Map<string, StreamError>();
  private readonly brokers = new Map<number, Address>();
  private looking: Promise<void> | undefined;
  /** The look that begins when the one under way has ended. */
  private nextLook: NextLook | undefined;
  private controllerId = -1;

  constructor(anyBroker: AnyBroker) {
    this.anyBroker = anyBroker;
  }

  /** What was known of a topic at the last look; undefined when it did not exist or was never asked for. */
  get(topic: string): TopicEntry | undefined {
    return this.topics.get(topic);
  }

  /** Why a topic cannot be looked at: not allowed, or not a name for a topic. Looking again may end that. */
  problem(topic: string): StreamError | undefined {
    return this.problems.get(topic);
  }

  /** @throws {StreamError} the first problem among topics */
  check(topics: Iterable<string>): void {
    if (this.problems.size === 0) return;
    for (const topic of topics) {
      const problem = this.problems.get(topic);
      if (problem !== undefined) throw problem;
    }
  }

  /** The address of a partition's leader, as of the last look. */
  leader(topic: string, partition: number): Address | undefined {
    const nodeId = this.topics.get(topic)?.leaders[partition];
    return nodeId === undefined ? undefined : this.brokers.get(nodeId);
  }

  /** The address of a broker that was there at the last look. */
  broker(nodeId: number): Address | undefined {
    return this.brokers.get(nodeId);
  }

  /** The address of the controller, or of a broker that forwards to it. */
  controller(): Address | undefined {
    return this.brokers.get(this.controllerId);
  }

  /** Looks up topics that are not known yet. */
  async know(topics: Iterable<string>, deadline: Deadline): Promise<void> {
    const unknown = [...new Set(topics)].filter((topic) => !this.topics.has(topic));
    if (unknown.length > 0) await this.look(unknown, deadline);
  }

  /** Looks up every known topic again. @throws {LostRequest} */
  refresh(deadline: Deadline): Promise<void> {
    return this.look([...this.topics.keys()], deadline);
  }

  /**
   * Looks topics up now: what it finds is not older than the call. Calls that come while a look is under way share the next one, so
   * that many partitions that have moved at once are not as many requests, one behind the other.
   *
   * @throws {LostRequest}
   */
  look(topics: readonly string[], deadline: Deadline): Promise<void> {
    if (this.looking === undefined) return this.begin(topics, deadline);
    this.nextLook ??= this.lookNext(this.looking, deadline);
    const next = this.nextLook;
    for (const topic of topics) next.topics.add(topic);
    if (deadline.remainingMs > next.deadline.remainingMs) next.deadline = deadline;
    return withinDeadline(next.done, deadline, () => notLooked());
  }

  private lookNext(before: Promise<void>, deadline: Deadline): NextLook {
    const topics = new Set<string>();
    const begin = () => {
      this.nextLook = undefined;
      return this.begin([...topics], next.deadline);
    };
    const next: NextLook = { topics, deadline, done: before.then(begin, begin) };
    next.done.catch(() => {}); // a caller whose deadline has passed does not hear of it
    return next;
  }

  private begin(topics: readonly string[], deadline: Deadline): Promise<void> {
    const look = this.ask(topics, deadline).finally(() => {
      if (this.looking === look) this.looking = undefined;
    });
    this.looking = look;
    return look;
  }

  private async ask(topics: readonly string[], deadline: Deadline): Promise<void> {
    const answer = await this.anyBroker.ask(metadataRequest(topics), deadline);
    this.takeBrokers(answer);
    for (const topic of answer.topics) this.takeTopic(topic);
  }

  private takeBrokers(answer: MetadataAnswer): void {
    if (answer.brokers.length === 0) return;
    this.brokers.clear();
    for (const { nodeId, host, port } of answer.brokers) this.brokers.set(nodeId, { host, port });
    this.controllerId = answer.controllerId;
    this.anyBroker.know([...this.brokers.values()]);
  }

  private takeTopic({ name, errorCode, topicId, leaders: partitions }: MetadataTopic): void {
    this.problems.delete(name);
    if (errorCode === 0 || errorCode === LEADER_NOT_AVAILABLE) {
      const leaders: number[] = new Array(partitions.length).fill(-1);
      for (const { partition, leader } of partitions) leaders[partition] = leader;
      this.topics.set(name, { topicId, leaders });
      return;
    }
    this.topics.delete(name);
    if (errorCode === UNKNOWN_TOPIC) return;
    const error = answerError(errorCode, { request: "Metadata", topic: name });
    this.problems.set(name, error instanceof StreamError ? error : invalidTopic(name, error));
  }
}

function notLooked(): LostRequest {
  return new LostRequest("the cluster", "no metadata in time", { sent: false, timedOut: true });
}

function invalidTopic(topic: string, cause: unknown): StreamError {
  return new StreamError("CONFIG_INVALID", `${topic} is not a topic that Kafka can have`, {
    details: { topic },
    cause,
  });
}
