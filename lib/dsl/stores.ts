import type { Duration } from "../core/duration.ts";
import { durationMs } from "../core/duration.ts";
import type { SerdeLike } from "../serde/json.ts";
import { asSerde } from "../serde/json.ts";
import type { Serde } from "../serde/serde.ts";
import type { StoreSpec, StoreType } from "../state/store.ts";
import type { KeyValueStore } from "../state/typed/key-value-store.ts";
import type { SessionStore } from "../state/typed/session-store.ts";
import type { StateStore, StoreBuilder } from "../state/typed/state-store.ts";
import type { TimestampedKeyValueStore } from "../state/typed/timestamped-key-value-store.ts";
import type { TimestampedWindowStore } from "../state/typed/timestamped-window-store.ts";
import type { VersionedKeyValueStore } from "../state/typed/versioned-key-value-store.ts";
import type { WindowStore } from "../state/typed/window-store.ts";

/** What a store keeps. */
export interface StoreContents<K, V> {
  readonly key: Serde<K>;
  /** A serde, or a schema for JSON values. */
  readonly value: SerdeLike<V>;
  /** False: no changelog; the store is empty after every move. */
  readonly logged?: boolean;
}

/** What a window store keeps, and for how long. */
export interface WindowContents<K, V> extends StoreContents<K, V> {
  /** From a window's start to its end, as `all` and queries show it. */
  readonly windowSize: Duration;
  /** How long windows are kept, in the store's own time: the largest window start that was put. */
  readonly retention: Duration;
}

/** What a session store keeps, and for how long. */
export interface SessionStoreContents<K, V> extends StoreContents<K, V> {
  /** How long sessions are kept, in the store's own time: the largest session end that was put. */
  readonly retention: Duration;
}

/** What a versioned store keeps, and for how long. */
export interface VersionedContents<K, V> extends StoreContents<K, V> {
  /** How long a version that was replaced is kept, in the store's own time: the largest timestamp that was put. */
  readonly historyRetention: Duration;
}

/**
 * Declares stores for processors.
 *
 * @source Kafka Streams `Stores`
 * @example
 * const sums = Stores.timestampedKeyValue("sums", { key: string(), value: int64() });
 * builder.addStateStore(sums);
 */
export const Stores = Object.freeze({
  /** Values by key. */
  keyValue<K, V>(name: string, contents: StoreContents<K, V>): StoreBuilder<KeyValueStore<K, V>> {
    return declared({ name, type: "keyValue", ...contents });
  },
  /** Values with timestamps by key: the store of tables. */
  timestampedKeyValue<K, V>(name: string, contents: StoreContents<K, V>): StoreBuilder<TimestampedKeyValueStore<K, V>> {
    return declared({ name, type: "timestampedKeyValue", ...contents });
  },
  /** Values by key and window start. */
  window<K, V>(name: string, contents: WindowContents<K, V>): StoreBuilder<WindowStore<K, V>> {
    return declared({ name, type: "window", ...contents });
  },
  /** Values with timestamps by key and window start: the store of windowed tables. */
  timestampedWindow<K, V>(name: string, contents: WindowContents<K, V>): StoreBuilder<TimestampedWindowStore<K, V>> {
    return declared({ name, type: "timestampedWindow", ...contents });
  },
  /** Values by key and session. */
  session<K, V>(name: string, contents: SessionStoreContents<K, V>): StoreBuilder<SessionStore<K, V>> {
    return declared({ name, type: "session", ...contents });
  },
  /** Versions of values by key: what was valid when. */
  versionedKeyValue<K, V>(name: string, contents: VersionedContents<K, V>): StoreBuilder<VersionedKeyValueStore<K, V>> {
    return declared({ name, type: "versioned", ...contents });
  },
});

/** Any declaration. */
type Declaration = { readonly name: string; readonly type: StoreType } & StoreContents<unknown, unknown> &
  Partial<Pick<WindowContents<unknown, unknown>, "windowSize" | "retention">> &
  Partial<Pick<VersionedContents<unknown, unknown>, "historyRetention">>;

function declared<S extends StateStore>(declaration: Declaration): StoreBuilder<S> {
  const { name, type, key, value, logged = true } = declaration;
  const { windowSize, retention, historyRetention } = declaration;
  const spec: StoreSpec = {
    name,
    type,
    keySerde: key,
    valueSerde: asSerde(value),
    logged,
    ...(windowSize !== undefined && { windowSizeMs: durationMs(windowSize, `windowSize of store ${name}`) }),
    ...(retention !== undefined && { retentionMs: durationMs(retention, `retention of store ${name}`) }),
    ...(historyRetention !== undefined && {
      historyRetentionMs: durationMs(historyRetention, `historyRetention of store ${name}`),
    }),
  };
  return Object.freeze({ spec: Object.freeze(spec) });
}
