import { StreamError } from "../core/errors.ts";
import type { Cursor } from "./cursor.ts";
import type { SinkNode } from "./node.ts";
import { isChoice, type TopicNameExtractor } from "./routing.ts";
import { physicalTopic } from "./sub-topologies.ts";

/**
 * How a sink finds the name on the broker of the topic that a record goes to.
 *
 * @returns a function that throws `PROCESSING_FAILED` where the extractor fails or names a topic that was not declared
 */
export function topicChooser(node: SinkNode, applicationId: string): (cursor: Cursor) => string {
  const { topic } = node;
  if (!isChoice(topic)) {
    const physical = physicalTopic(topic, applicationId);
    return () => physical;
  }
  const { choose } = topic;
  const declared = new Set(topic.topics.map((each) => each.name));
  return (cursor) => {
    const chosen = chosenTopic(choose, cursor);
    if (declared.has(chosen)) return chosen;
    throw new StreamError(
      "PROCESSING_FAILED",
      `the topic name extractor answered ${JSON.stringify(chosen)}, which is not declared: add it to to(…, { topics: [${[...declared].join(", ")}] })`,
    );
  };
}

function chosenTopic(choose: TopicNameExtractor, cursor: Cursor): string {
  try {
    return choose(cursor.key, cursor.value, cursor);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StreamError("PROCESSING_FAILED", `the topic name extractor failed: ${reason}`, { cause });
  }
}
