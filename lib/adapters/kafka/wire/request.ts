import type { WireReader } from "./reader.ts";
import type { WireWriter } from "./writer.ts";

/** What every answer carries. */
export interface Answer {
  /** How long the broker asks us to stay quiet on this connection. */
  readonly throttleMs: number;
}

/** Which call of Kafka's protocol a request is, in the one version that we speak. */
export interface Api {
  readonly name: string;
  readonly key: number;
  readonly version: number;
  /** Flexible versions have tagged fields in the headers too. */
  readonly flexible: boolean;
  /** The answer's header has none all the same: ApiVersions, which is asked before versions are known. */
  readonly plainAnswerHeader?: boolean;
}

/** A request with its encoder and the decoder of its answer. */
export interface WireRequest<A extends Answer> {
  readonly api: Api;
  /** Bytes that the body takes, roughly: saves growing the buffer of large requests. */
  readonly sizeHintBytes?: number;
  encode(out: WireWriter): void;
  decode(answer: WireReader): A;
}

/** Groups partitions by topic, as nearly every request wants them. */
export function byTopic<T extends { readonly topic: string }>(items: Iterable<T>): (readonly [string, T[]])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.topic);
    if (group === undefined) groups.set(item.topic, [item]);
    else group.push(item);
  }
  return [...groups];
}
