import { StreamError } from "../../core/errors.ts";
import type {
  SessionStore as SessionStoreRows,
  StoreHandle,
  VersionedStore,
  WindowStore as WindowStoreRows,
} from "../store.ts";
import { KeyValueStore } from "./key-value-store.ts";
import type { KeyedStoreRows } from "./keyed-rows.ts";
import { SessionStore } from "./session-store.ts";
import type { RecordTime, StateStore } from "./state-store.ts";
import { TimestampedKeyValueStore } from "./timestamped-key-value-store.ts";
import { TimestampedWindowStore } from "./timestamped-window-store.ts";
import { VersionedKeyValueStore } from "./versioned-key-value-store.ts";
import { WindowStore } from "./window-store.ts";

/**
 * Puts a store of a task into the hands of a processor.
 *
 * @throws {StreamError} `TOPOLOGY_INVALID` for a type that only operators use
 */
export function openTypedStore(handle: StoreHandle, time: RecordTime): StateStore {
  switch (handle.spec.type) {
    case "keyValue":
      return new KeyValueStore(handle as KeyedStoreRows, time);
    case "timestampedKeyValue":
      return new TimestampedKeyValueStore(handle as KeyedStoreRows, time);
    case "window":
      return new WindowStore(handle as WindowStoreRows, time);
    case "timestampedWindow":
      return new TimestampedWindowStore(handle as WindowStoreRows, time);
    case "session":
      return new SessionStore(handle as SessionStoreRows, time);
    case "versioned":
      return new VersionedKeyValueStore(handle as VersionedStore);
    case "fkSubscriptions":
    case "joinSideList":
    case "joinWindow":
    case "suppressBuffer":
    case "timeOrderedBuffer":
      throw new StreamError(
        "TOPOLOGY_INVALID",
        `store ${handle.spec.name} is of type ${handle.spec.type}, which no processor can use: connect another`,
        { details: { store: handle.spec.name } },
      );
  }
}
