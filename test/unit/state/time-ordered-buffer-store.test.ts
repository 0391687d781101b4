import { expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { type BufferedChange, bufferedChange } from "../../../lib/state/buffered-change.ts";
import { keyOfTimeFirstKey, timeFirstKey } from "../../../lib/state/time-first-key.ts";
import { TimeOrderedBufferStore } from "../../../lib/state/time-ordered-buffer-store.ts";
import { commit, TextChangelog } from "./store-support.ts";

const keySerde = string() as Serde<unknown>;
const valueSerde = bufferedChange(keySerde) as Serde<unknown>;

function buffer(): TimeOrderedBufferStore {
  const spec = { name: "b", type: "timeOrderedBuffer", keySerde, valueSerde, logged: true } as const;
  return new TimeOrderedBufferStore(spec, { sink: new ByteSink() });
}

function hold(store: TimeOrderedBufferStore, key: string, [timestampMs, sequence]: readonly [number, number]): void {
  const after = Buffer.from("v");
  const place = { offset: 3, topic: "in", partition: 0, headers: [] };
  const change: BufferedChange = { bufferTimeMs: 0, prior: null, before: null, after, timestampMs, ...place };
  store.hold(timeFirstKey(key, timestampMs, sequence), change);
}

function takeAll(store: TimeOrderedBufferStore): readonly string[] {
  const keys: string[] = [];
  while (store.waitingCount > 0) keys.push(keyOfTimeFirstKey(store.takeFirst()[0]));
  return keys;
}

test("a time-first key begins with 00 and the timestamp, as Kafka Streams' does", () => {
  const hex = Buffer.from(timeFirstKey("A", 99_100, 1), "latin1").toString("hex");
  expect(hex).toBe("00000000000001831c4100000001");
  expect(keyOfTimeFirstKey(timeFirstKey("", 1, 2))).toBe("");
});

test("records leave by timestamp, then key, then sequence; the first time is known", () => {
  const store = buffer();
  for (const [key, at] of [
    ["c", [5, 1]],
    ["b", [5, 2]],
    ["a", [9, 3]],
    ["b", [5, 4]],
    ["z", [1, 5]],
  ] as const)
    hold(store, key, at);
  expect(store.firstTimeMs).toBe(1);
  expect(takeAll(store)).toEqual(["z", "b", "b", "c", "a"]);
  expect(store.firstTimeMs).toBe(Number.POSITIVE_INFINITY);
});

test("what came and went between two commits leaves no record; what was there leaves a deletion", () => {
  const store = buffer();
  hold(store, "a", [1, 1]);
  hold(store, "b", [2, 2]);
  store.takeFirst();
  expect(commit(store)).toHaveLength(1);
  store.takeFirst();
  expect(commit(store)).toEqual([`${timeFirstKey("b", 2, 2)}=-@2`]);
  expect([store.rowCount, store.sizeBytes, store.waitingBytes]).toEqual([0, 0, 0]);
});

test("a key that came back after it had gone unlogged is a row again", () => {
  const store = buffer();
  hold(store, "a", [1, 1]);
  store.takeFirst();
  commit(store);
  hold(store, "a", [1, 1]);
  commit(store);
  expect(store.rowCount).toBe(1);
  expect(takeAll(store)).toEqual(["a"]);
});

test("after an abort what was taken out waits, and what was put in does not", () => {
  const store = buffer();
  hold(store, "a", [1, 1]);
  commit(store);
  store.takeFirst();
  hold(store, "b", [0, 2]);
  store.seal(new TextChangelog());
  hold(store, "c", [0, 3]);
  store.drop();
  expect(takeAll(store)).toEqual(["a"]);
});
