import { ByteSink } from "../core/byte-sink.ts";
import { StreamError } from "../core/errors.ts";
import type { TopicPartition } from "../core/ids.ts";
import type { RecordReader } from "../records/reader.ts";
import { createTaskStore } from "../state/create-task-store.ts";
import type { StoreHandle, TaskStore } from "../state/store.ts";
import type { GlobalStore } from "../topology/node.ts";
import { type GlobalFacts, GlobalUpdating } from "./global-updater.ts";

/**
 * The global stores of one process: whole topics as tables, read by all of its tasks.
 *
 * Owns: their rows in memory. Does not own: reading the topics. Nothing of them belongs to a transaction: what was applied is
 * committed on the log, and the topic itself is the changelog.
 */
export class GlobalStores {
  private readonly byName = new Map<string, TaskStore>();
  private readonly byTopic = new Map<string, TaskStore>();
  private readonly updating = new Map<string, GlobalUpdating>();

  constructor(globals: readonly GlobalStore[], facts: GlobalFacts) {
    const scratch = { sink: new ByteSink() };
    for (const global of globals) {
      const { topic, store: spec, updater } = global;
      const store = createTaskStore(spec, scratch);
      this.byName.set(spec.name, store);
      this.byTopic.set(topic, store);
      if (updater !== undefined) this.updating.set(topic, new GlobalUpdating({ ...global, updater }, store, facts));
    }
  }

  get stores(): readonly TaskStore[] {
    return [...this.byName.values()];
  }

  /** Whether there is a global store of this name. */
  has(name: string): boolean {
    return this.byName.has(name);
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

  /**
   * Takes over all records of a reader: the processor of the store does, or the last one of a key counts, null deletes, and records
   * without a key are skipped.
   *
   * @throws {StreamError} what the processor fails with: then none of the records was taken
   */
  apply({ topic, partition }: TopicPartition, records: RecordReader): void {
    const store = this.byTopic.get(topic);
    if (store === undefined) return;
    const updating = this.updating.get(topic);
    if (updating !== undefined) updating.apply(partition, records);
    else putRows(store, records);
    // No snapshot is taken of it, so what changed need not be remembered.
    store.freeze("changed").discard();
  }

  /** Ends user code. */
  close(): void {
    for (const each of this.updating.values()) each.close();
  }
}

function putRows(store: TaskStore, records: RecordReader): void {
  while (records.advance()) {
    const { bytes, keyStart, keyLength, valueStart, valueLength, timestampMs } = records;
    if (keyLength < 0) continue;
    store.row(bytes.latin1Slice(keyStart, keyStart + keyLength), bytes, valueStart, valueLength, timestampMs);
  }
}
