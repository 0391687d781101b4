import { ByteSink } from "../../../lib/core/byte-sink.ts";
import { json } from "../../../lib/serde/json.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { SessionRowStore } from "../../../lib/state/session-store.ts";
import type { FrozenRows, RowSink, StoreSpec } from "../../../lib/state/store.ts";
import { TimestampedKeyValueStore } from "../../../lib/state/timestamped-key-value-store.ts";
import { TimestampedWindowStore } from "../../../lib/state/timestamped-window-store.ts";

export function keyValueStore(options: Partial<StoreSpec> = {}): TimestampedKeyValueStore {
  const spec: StoreSpec = {
    name: "counts",
    type: "timestampedKeyValue",
    keySerde: string() as Serde<unknown>,
    valueSerde: json(),
    logged: true,
    ...options,
  };
  return new TimestampedKeyValueStore(spec, { sink: new ByteSink() });
}

export function windowStore(options: Partial<StoreSpec> = {}): TimestampedWindowStore {
  const spec: StoreSpec = {
    name: "windows",
    type: "timestampedWindow",
    keySerde: string() as Serde<unknown>,
    valueSerde: json(),
    logged: true,
    windowSizeMs: 10,
    retentionMs: 100,
    ...options,
  };
  return new TimestampedWindowStore(spec, { sink: new ByteSink() });
}

export function sessionStore(options: Partial<StoreSpec> = {}): SessionRowStore {
  const spec: StoreSpec = {
    name: "sessions",
    type: "session",
    keySerde: string() as Serde<unknown>,
    valueSerde: json(),
    logged: true,
    retentionMs: 100,
    ...options,
  };
  return new SessionRowStore(spec, { sink: new ByteSink() });
}

/** Changelog records as text: `key=value@timestamp`, keys of windows in hex. */
export class TextChangelog implements RowSink {
  readonly records: string[] = [];

  row(keyText: string, bytes: Buffer, start: number, length: number, timestampMs: number): void {
    this.records.push(`${keyText}=${length < 0 ? "-" : bytes.toString("utf8", start, start + length)}@${timestampMs}`);
  }
}

/** One commit from put to acknowledgement. */
export function commit(store: { seal(changelog: RowSink): void; acknowledge(): void }): readonly string[] {
  const changelog = new TextChangelog();
  store.seal(changelog);
  store.acknowledge();
  return changelog.records;
}

export function rowsOf(frozen: FrozenRows): readonly string[] {
  const rows: string[] = [];
  frozen.writeTo({
    row(keyText, bytes, start, length, timestampMs) {
      rows.push(`${keyText}=${length < 0 ? "-" : bytes.toString("utf8", start, start + length)}@${timestampMs}`);
    },
  });
  return rows;
}
