import { ByteSink } from "../core/byte-sink.ts";
import { StreamError } from "../core/errors.ts";
import type { RecordReader } from "../records/reader.ts";
import { createTaskStore } from "../state/create-task-store.ts";
import type { StoreHandle, TaskStore } from "../state/store.ts";
import type { GlobalStore } from "../topology/node.ts";

/**
 * The global stores of one process: whole topics as tables, read by all of its tasks.
 *
 * Owns: their rows in memory. Does not own: reading the topics. Nothing of them belongs to a transaction: what was applied is
 * committed on the log, and the topic itself is the changelog.
 */
export class GlobalStores {
  private readonly byName = new Map<string, TaskStore>();
  private readonly byTopic = new Map<string, TaskStore>();

  constructor(globals: readonly GlobalStore[]) {
    const scratch = { sink: new ByteSink() };
    for (const { topic, store: spec } of globals) {
      const store = createTaskStore(spec, scratch);
      this.byName.set(spec.name, store);
      this.byTopic.set(topic, store);
    }
  }

  get stores(): readonly TaskStore[] {
    return [...this.byName.values()];
  }

  /** Whether a topic is read as a global store. */
  reads(topic: string): boolean {
    return this.byTopic.has(topic);
  }

  /** @throws {StreamError} `TOPOLOGY_INVALID` for a store that was not added */
  store<S extends StoreHandle>(name: string): S {
    const store = this.byName.get(name);
    if (store === undefined) {
      throw new StreamError("TOPOLOGY_INVALID", `global store ${name} was not added`, { details: { store: name } });
    }
    return store as StoreHandle as S;
  }

  /** Takes over all records of a reader: the last one of a key counts, null deletes, records without a key are skipped. */
  apply(topic: string, records: RecordReader): void {
    const store = this.byTopic.get(topic);
    if (store === undefined) return;
    while (records.advance()) {
      const { bytes, keyStart, keyLength, valueStart, valueLength, timestampMs } = records;
      if (keyLength < 0) continue;
      store.row(bytes.latin1Slice(keyStart, keyStart + keyLength), bytes, valueStart, valueLength, timestampMs);
    }
    // No snapshot is taken of it, so what changed need not be remembered.
    store.freeze("changed").discard();
  }
}
