import type { TopicState } from "./broker-state.ts";
import type { MemoryBrokerSettings } from "./settings.ts";

/** The settings of a topic that the broker acts on. */
export interface TopicLimits {
  readonly maxMessageBytes: number;
  readonly timestampAfterMaxMs: number;
  readonly deleteRetentionMs: number;
  /** Whether records may be deleted below an offset. */
  readonly deletes: boolean;
  readonly compacts: boolean;
}

const limitsByTopic = new WeakMap<TopicState, TopicLimits>();

/** Settings of a topic with the broker's defaults; a topic's settings never change. */
export function limitsOf(topic: TopicState, settings: MemoryBrokerSettings): TopicLimits {
  const known = limitsByTopic.get(topic);
  if (known !== undefined) return known;
  const number = (name: string, fallback: number) => {
    const text = topic.configs[name];
    return text === undefined ? fallback : Number(text);
  };
  const policies = (topic.configs["cleanup.policy"] ?? "delete").split(",").map((policy) => policy.trim());
  const limits: TopicLimits = {
    maxMessageBytes: number("max.message.bytes", settings.maxMessageBytes),
    timestampAfterMaxMs: number("message.timestamp.after.max.ms", settings.timestampAfterMaxMs),
    deleteRetentionMs: number("delete.retention.ms", 24 * 60 * 60 * 1000),
    deletes: policies.includes("delete"),
    compacts: policies.includes("compact"),
  };
  limitsByTopic.set(topic, limits);
  return limits;
}
