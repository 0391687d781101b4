import type { WireReader } from "../../../../lib/adapters/kafka/wire/reader.ts";
import { WireReader as Reader } from "../../../../lib/adapters/kafka/wire/reader.ts";
import { type KafkaErrorName, kafkaErrorCodes } from "../../../../lib/core/kafka-errors.ts";
import { BatchCursor } from "../../../../lib/records/batch.ts";
import type { Arrived, Reaction, Script, ScriptedBroker } from "./scripted-broker.ts";

/** A batch as it arrived in a Produce. */
export interface ProducedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Buffer;
}

/** The batches of a Produce v8. */
export function producedBatches(request: WireReader): ProducedBatch[] {
  request.nullableString();
  request.int16();
  request.int32();
  const batches = request.array(() => {
    const topic = request.string();
    return request.array(() => ({ topic, partition: request.int32(), bytes: request.bytes() }));
  });
  return batches.flat();
}

/** The batches of every Produce that arrived. */
export function allProduced(broker: ScriptedBroker): ProducedBatch[][] {
  return broker.asked("Produce").map(({ body }) => producedBatches(new Reader(body)));
}

/** Header fields of an encoded batch. */
export function headerOf(bytes: Buffer): BatchCursor {
  const batch = new BatchCursor(bytes);
  batch.advance();
  return batch;
}

/** Answers a Produce: the same error for every batch, at offset 100 unless told. */
export function produceAnswer(error: KafkaErrorName, baseOffset = 100, throttleMs = 0): Script {
  return (request) => {
    const batches = producedBatches(request);
    return (out) => {
      out.array(batches, ({ topic, partition }) => {
        out.string(topic).int32(1).int32(partition).int16(kafkaErrorCodes[error]).int64(baseOffset);
        out.int64(-1).int64(0).int32(0).nullableString(null);
      });
      out.int32(throttleMs);
    };
  };
}

/** Answers AddPartitionsToTxn: the same error for every partition. */
export function addPartitionsAnswer(error: KafkaErrorName): Script {
  return (request) => {
    request.string();
    request.int64();
    request.int16();
    const topics = request.array(() => [request.string(), request.array(() => request.int32())] as const);
    return (out) => {
      out.int32(0).array(topics, ([topic, partitions]) => {
        out.string(topic).array(partitions, (partition) => out.int32(partition).int16(kafkaErrorCodes[error]));
      });
    };
  };
}

/** Answers InitProducerId. */
export function initAnswer(error: KafkaErrorName, epoch = 5): Script {
  return () => (out) => out.int32(0).int16(kafkaErrorCodes[error]).int64(4711).int16(epoch);
}

/** Answers a request whose answer is a throttle time and an error code: EndTxn, AddOffsetsToTxn. */
export function codeAnswer(error: KafkaErrorName, throttleMs = 0): Script {
  return () => (out) => out.int32(throttleMs).int16(kafkaErrorCodes[error]);
}

/** Loses the connection when the request arrives. */
export const reset: Script = () => "reset";
/** Never answers. */
export const silence: Script = () => "silence";

/** Answers SaslHandshake: PLAIN is spoken here. */
export const handshakeAnswer: Script = () => (out) => out.int16(0).array(["PLAIN"], (name) => out.string(name));

/** Answers SaslAuthenticate v1: welcome, or the reason why not. */
export function signInAnswer(refusal: string | null): Script {
  return () => (out) =>
    out
      .int16(refusal === null ? 0 : 58)
      .nullableString(refusal)
      .bytes(Buffer.alloc(0))
      .int64(0);
}

/** Answers ListOffsets v5 with the same offset, or error, for every partition. */
export function offsetsAnswer(error: KafkaErrorName, offset = 7): Script {
  return (request) => {
    request.int32();
    request.int8();
    const topics = request.array(() => {
      const topic = request.string();
      return [topic, request.array(() => [request.int32(), request.int32(), request.int64()] as const)] as const;
    });
    return (out) => {
      out.int32(0).array(topics, ([topic, partitions]) => {
        out.string(topic).array(partitions, ([partition]) => {
          out.int32(partition).int16(kafkaErrorCodes[error]).int64(-1).int64(offset).int32(0);
        });
      });
    };
  };
}

/** What a Fetch v11 asks for. */
export function fetchedPositions(request: WireReader): {
  maxWaitMs: number;
  positions: Record<string, number>;
  rack: string;
} {
  request.int32();
  const maxWaitMs = request.int32();
  request.int32();
  request.int32();
  request.int8();
  request.int32();
  request.int32();
  const positions: Record<string, number> = {};
  request.array(() => {
    const topic = request.string();
    request.array(() => {
      const partition = request.int32();
      request.int32();
      positions[`${topic}:${partition}`] = request.int64();
      request.int64();
      request.int32();
    });
  });
  request.int32();
  return { maxWaitMs, positions, rack: request.string() };
}

/** What to answer for a partition: batches, an error, or another broker to read. */
export type FetchReply = Buffer | KafkaErrorName | { readonly nearerBroker: number };

/** Answers a Fetch. Partitions without a reply are empty. */
export function fetchAnswer(replies: Record<string, FetchReply>): Script {
  return (request) => {
    const { positions } = fetchedPositions(request);
    return (out) => {
      out.int32(0).int16(0).int32(0);
      out.array(Object.entries(positions), ([key, offset]) => {
        const [topic = "", partition = "0"] = key.split(":");
        const reply = replies[key] ?? Buffer.alloc(0);
        const code = typeof reply === "string" ? kafkaErrorCodes[reply] : 0;
        out
          .string(topic)
          .int32(1)
          .int32(Number(partition))
          .int16(code)
          .int64(offset + 10)
          .int64(offset + 10)
          .int64(0);
        out.int32(-1).int32(typeof reply === "object" && "nearerBroker" in reply ? reply.nearerBroker : -1);
        out.bytes(Buffer.isBuffer(reply) ? reply : Buffer.alloc(0));
      });
    };
  };
}

/** A reaction that waits until it is released. */
export function held(reaction: (request: WireReader, arrived: Arrived) => Reaction | Promise<Reaction>): {
  readonly script: Script;
  release(): void;
} {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    script: async (request, arrived) => {
      await gate;
      return reaction(request, arrived);
    },
    release: () => open(),
  };
}
