import { JoinWindowStore } from "./join-window-store.ts";
import { SessionRowStore } from "./session-store.ts";
import type { Scratch, StoreSpec, TaskStore } from "./store.ts";
import { SuppressBufferStore } from "./suppress-buffer-store.ts";
import { TimeOrderedBufferStore } from "./time-ordered-buffer-store.ts";
import { TimestampedKeyValueStore } from "./timestamped-key-value-store.ts";
import { TimestampedWindowStore } from "./timestamped-window-store.ts";
import { VersionedKeyValueStore } from "./versioned-key-value-store.ts";

/**
 * Makes an empty store of a task.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID` for a window, session or versioned store without retention
 * @example
 * const serdes = { keySerde: json(), valueSerde: json() };
 * const spec = { name: "counts", type: "timestampedKeyValue", logged: true, ...serdes } as const;
 * createTaskStore(spec, { sink: new ByteSink() }).rowCount; // 0
 */
export function createTaskStore(spec: StoreSpec, scratch: Scratch): TaskStore {
  switch (spec.type) {
    case "keyValue":
    case "timestampedKeyValue":
    case "fkSubscriptions":
    case "joinSideList":
      return new TimestampedKeyValueStore(spec, scratch);
    case "joinWindow":
      return new JoinWindowStore(spec, scratch);
    case "window":
    case "timestampedWindow":
      return new TimestampedWindowStore(spec, scratch);
    case "suppressBuffer":
      return new SuppressBufferStore(spec, scratch);
    case "timeOrderedBuffer":
      return new TimeOrderedBufferStore(spec, scratch);
    case "session":
      return new SessionRowStore(spec, scratch);
    case "versioned":
      return new VersionedKeyValueStore(spec, scratch);
  }
}
