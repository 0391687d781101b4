import { StreamError } from "../../core/errors.ts";
import type { PartitionKey } from "../../core/ids.ts";
import { parsePartitionKey } from "../../core/ids.ts";
import { LogError, type TopicDescription, type TopicSpec } from "../../ports/log.ts";
import { createTopicsRequest } from "./api/create-topics.ts";
import { deleteRecordsRequest } from "./api/delete-records.ts";
import { metadataRequest } from "./api/metadata.ts";
import { askLeaders } from "./cluster/ask-leaders.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { answerError, asStreamError } from "./failures.ts";
import { retrying } from "./retry.ts";
import type { Deadline } from "./transport/deadline.ts";

/** Topics as the log port sees them. */
export class KafkaTopics {
  private readonly cluster: Cluster;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** Looks at the cluster now: a topic may have been deleted and created again. */
  async describe(names: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>> {
    const deadline = this.cluster.callDeadline();
    await this.look(names, deadline);
    const found = new Map<string, TopicDescription>();
    for (const name of names) {
      const entry = this.cluster.topics.get(name);
      if (entry !== undefined) found.set(name, { name, topicId: entry.topicId, partitions: entry.leaders.length });
    }
    return found;
  }

  /** Names of all topics but Kafka's own. @throws {StreamError} `BROKER_UNREACHABLE`, `LOG_UNAVAILABLE` */
  async names(): Promise<readonly string[]> {
    try {
      const { topics } = await this.cluster.anyBroker.ask(metadataRequest("all"), this.cluster.callDeadline());
      return topics.filter(({ errorCode, internal }) => errorCode === 0 && !internal).map(({ name }) => name);
    } catch (error) {
      throw asStreamError(error, "topicNames");
    }
  }

  /** Creates topics and waits until they can be used. @throws {StreamError} `CONFIG_INVALID` with the broker's reason */
  async create(specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, "created" | "exists">> {
    const deadline = this.cluster.callDeadline();
    const outcomes = new Map<string, "created" | "exists">();
    try {
      await retrying({ deadline, refresh: () => this.refresh(deadline) }, async () => {
        const missing = specs.filter((spec) => !outcomes.has(spec.name));
        if (missing.length === 0) return;
        for (const [name, outcome] of await this.createOnce(missing, deadline)) outcomes.set(name, outcome);
      });
    } catch (error) {
      throw asStreamError(error, "createTopics");
    }
    await this.waitForLeaders(specs, deadline);
    return outcomes;
  }

  /** Moves the log start of partitions up; a partition that is there already stays. */
  async deleteRecords(before: ReadonlyMap<PartitionKey, number>): Promise<void> {
    const items = [...before].map(([key, offset]) => ({ ...parsePartitionKey(key), offset }));
    if (items.length === 0) return;
    const { requestTimeoutMs } = this.cluster.settings;
    try {
      await askLeaders(this.cluster, {
        items,
        lane: "control",
        deadline: this.cluster.callDeadline(),
        expectedWaitMs: requestTimeoutMs,
        request: (group) => deleteRecordsRequest(group, requestTimeoutMs),
        results: (answer) => answer.partitions,
      });
    } catch (error) {
      throw asStreamError(error, "deleteRecords");
    }
  }

  private async createOnce(
    specs: readonly TopicSpec[],
    deadline: Deadline,
  ): Promise<Map<string, "created" | "exists">> {
    const timeoutMs = this.cluster.settings.requestTimeoutMs;
    const controller = this.cluster.topics.controller();
    const request = createTopicsRequest(specs, timeoutMs);
    const answer =
      controller === undefined
        ? await this.cluster.anyBroker.ask(request, deadline)
        : await this.cluster.links.to(controller, "control").send(request, { deadline, expectedWaitMs: timeoutMs });
    const outcomes = new Map<string, "created" | "exists">();
    for (const { name, errorCode, message } of answer.topics) {
      const error = answerError(errorCode, { request: "CreateTopics", topic: name, message });
      if (error instanceof LogError && error.kafkaError === "TOPIC_ALREADY_EXISTS") outcomes.set(name, "exists");
      else if (error !== undefined) throw error;
      else outcomes.set(name, "created");
    }
    return outcomes;
  }

  /** A broker that we ask next may not have heard of a new topic yet. */
  private async waitForLeaders(specs: readonly TopicSpec[], deadline: Deadline): Promise<void> {
    const names = specs.map((spec) => spec.name);
    for (let wait = 2; ; wait = Math.min(wait * 2, 100)) {
      await this.look(names, deadline);
      const { topics } = this.cluster;
      const waiting = names.filter((name) => topics.get(name)?.leaders.every((leader) => leader >= 0) !== true);
      if (waiting.length === 0) return;
      if (deadline.passed) {
        throw new StreamError("LOG_UNAVAILABLE", `${waiting.join(", ")} have no leaders yet`, {
          details: { topics: waiting },
        });
      }
      await deadline.sleep(wait);
    }
  }

  private async look(names: readonly string[], deadline: Deadline): Promise<void> {
    try {
      await retrying({ deadline, refresh: async () => {} }, () => this.cluster.topics.look(names, deadline));
      this.cluster.topics.check(names);
    } catch (error) {
      throw asStreamError(error, "describe");
    }
  }

  private refresh(deadline: Deadline): Promise<void> {
    return this.cluster.topics.refresh(deadline);
  }
}
