import type { PartitionKey } from "../../../lib/core/ids.ts";
import type { Log } from "../../../lib/ports/log.ts";

/** What went through a log. */
export interface Recording {
  /** Offsets that were asked for, per partition, in order. */
  readonly fetched: Map<PartitionKey, number[]>;
  /** Producer ids that the broker gave, per transactional id, in order. */
  readonly producerIds: Map<string, number[]>;
}

/** An empty recording. */
export function newRecording(): Recording {
  return { fetched: new Map(), producerIds: new Map() };
}

/** The same log; what is fetched and initialised is written down. */
export function recorded(log: Log, recording: Recording): Log {
  return {
    describe: (topics) => log.describe(topics),
    topicNames: () => log.topicNames(),
    createTopics: (specs) => log.createTopics(specs),
    offsets: (partitions, at) => log.offsets(partitions, at),
    committed: (group, partitions) => log.committed(group, partitions),
    commitOffsets: (group, offsets) => log.commitOffsets(group, offsets),
    deleteRecords: (before) => log.deleteRecords(before),
    close: () => log.close(),
    fetch: (request) => {
      for (const [key, offset] of request.positions) append(recording.fetched, key, offset);
      return log.fetch(request);
    },
    transactor: async (options) => {
      const transactor = await log.transactor(options);
      append(recording.producerIds, options.transactionalId, transactor.producerId);
      return transactor;
    },
  };
}

function append<K>(map: Map<K, number[]>, key: K, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
