import type { Header } from "../records/reader.ts";
import type { RecordFailure } from "../topology/exception-handler.ts";

const PREFIX = "__streams.errors.";
/** Longer texts are cut: a message may quote a whole value, and the record must still fit its topic. */
const TEXT_MAX_CHARS = 4_096;

/** Where a dead record came from. */
export interface DeadLetterOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * The headers of a dead record: its own, then what happened to it.
 *
 * @source Kafka Streams `ExceptionHandlerUtils.buildDeadLetterQueueRecord` (KIP-1034), which leaves the record's own out
 */
export function deadLetterHeaders(own: readonly Header[], failure: RecordFailure): readonly Header[] {
  const { exception, topic, partition, offset } = failure;
  const { message = null, stack = String(exception) } = exception instanceof Error ? exception : {};
  return [
    ...own,
    error("exception", String(exception)),
    error("message", message),
    error("stacktrace", stack),
    error("topic", topic),
    error("partition", String(partition)),
    error("offset", String(offset)),
  ];
}

/** Where a dead record came from; undefined when its headers do not say: somebody else wrote it. */
export function originOf(headers: readonly Header[]): DeadLetterOrigin | undefined {
  const text = (name: string): string | undefined => {
    const value = headers.findLast(({ key }) => key === PREFIX + name)?.value;
    return value ? Buffer.from(value).toString("utf8") : undefined;
  };
  const topic = text("topic");
  const partition = Number(text("partition") ?? Number.NaN);
  const offset = Number(text("offset") ?? Number.NaN);
  if (topic === undefined || !Number.isSafeInteger(partition) || !Number.isSafeInteger(offset)) return undefined;
  return { topic, partition, offset };
}

/** The headers that a dead record had before it failed. */
export function ownHeaders(headers: readonly Header[]): readonly Header[] {
  return headers.filter(({ key }) => !key.startsWith(PREFIX));
}

function error(name: string, text: string | null): Header {
  const cut = text !== null && text.length > TEXT_MAX_CHARS ? `${text.slice(0, TEXT_MAX_CHARS)}…` : text;
  return { key: PREFIX + name, value: cut === null ? null : Buffer.from(cut) };
}
