import { describe, expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";
import { type BufferedChange, bufferedChange } from "../../../lib/state/buffered-change.ts";
import { SuppressBufferStore } from "../../../lib/state/suppress-buffer-store.ts";
import { commit, TextChangelog } from "./store-support.ts";

const serde = bufferedChange(string() as Serde<unknown>);

function buffer(): SuppressBufferStore {
  const keySerde = string() as Serde<unknown>;
  const spec = {
    name: "held",
    type: "suppressBuffer",
    keySerde,
    valueSerde: serde as Serde<unknown>,
    logged: true,
  } as const;
  return new SuppressBufferStore(spec, { sink: new ByteSink() });
}

function change(bufferTimeMs: number, options: Partial<BufferedChange> = {}): BufferedChange {
  const after = Buffer.from("new");
  const place = { timestampMs: 7, offset: 3, topic: "input", partition: 2, headers: [] };
  return { bufferTimeMs, prior: null, before: null, after, ...place, ...options };
}

function encoded(value: BufferedChange): Buffer {
  const sink = new ByteSink();
  serde.write(value, sink);
  return Buffer.from(sink.view());
}

describe("a buffered change", () => {
  test.for<Partial<BufferedChange>>([
    {},
    { after: null },
    { prior: Buffer.from("old"), before: Buffer.from("old") },
    { prior: Buffer.from("older"), before: Buffer.from("old") },
    { before: Buffer.from("old") },
    { prior: Buffer.alloc(0), before: null, after: Buffer.alloc(0) },
    {
      topic: "é",
      headers: [
        { key: "h", value: Buffer.from([1]) },
        { key: "ü", value: null },
      ],
    },
  ])("reads back: %j", (options) => {
    const value = change(1_700_000_000_000, options);
    const bytes = encoded(value);
    expect(serde.read(bytes, 0, bytes.length)).toEqual(value);
  });

  test("has Kafka Streams' bytes, with a value before that equals the prior one written once", () => {
    const old = Buffer.from("old");
    const hex =
      "0000000000000007000000000000000300000005696e7075740000000200000000000000036f6c64fffffffe000000036e65770000000000000009";
    expect(encoded(change(9, { prior: old, before: Buffer.from(old) })).toString("hex")).toBe(hex);
  });

  test("that is cut short is refused", () => {
    const bytes = encoded(change(9));
    for (let end = 0; end < bytes.length; end++)
      expect(() => serde.read(bytes, 0, end)).toThrow(/DESERIALIZATION_FAILED/);
  });
});

describe("the order", () => {
  test("is by buffer time, then key; an update keeps its place", () => {
    const store = buffer();
    store.hold("b", change(5));
    store.hold("a", change(5));
    store.hold("c", change(1));
    store.hold("b", change(5, { after: Buffer.from("newer") }));
    expect([store.waitingCount, store.firstTimeMs]).toEqual([3, 1]);
    const taken = [store.takeFirst(), store.takeFirst(), store.takeFirst()];
    expect(taken.map(([key, { after }]) => `${key}=${after}`)).toEqual(["c=new", "a=new", "b=newer"]);
    expect([store.waitingCount, store.waitingBytes, store.firstTimeMs]).toEqual([0, 0, Number.POSITIVE_INFINITY]);
  });

  test("is there again after an abort: what was taken out waits, what was put in does not", () => {
    const store = buffer();
    store.hold("a", change(1));
    commit(store);
    const before = store.waitingBytes;
    store.takeFirst();
    store.hold("b", change(0));
    store.seal(new TextChangelog());
    store.hold("c", change(0));
    store.drop();
    expect([store.waitingCount, store.waitingBytes, store.firstTimeMs]).toEqual([1, before, 1]);
    expect(store.takeFirst()[0]).toBe("a");
  });

  test("is made from restored rows", () => {
    const store = buffer();
    for (const [key, timeMs] of [
      ["b", 2],
      ["a", 3],
    ] as const) {
      const bytes = encoded(change(timeMs));
      store.row(key, bytes, 0, bytes.length, 7);
    }
    expect([store.waitingCount, store.firstTimeMs]).toEqual([2, 2]);
    expect(store.takeFirst()).toEqual(["b", change(2)]);
  });
});

test("a value that was there before is counted once, before a restart and after it", () => {
  const [held, restored] = [buffer(), buffer()];
  const again = change(1, { prior: Buffer.from("old"), before: Buffer.from("old") });
  held.hold("a", again);
  const bytes = encoded(again);
  restored.row("a", bytes, 0, bytes.length, 7);
  expect(held.waitingBytes).toBe(restored.waitingBytes);
  expect(held.waitingBytes).toBe(8 + "a".length + "old".length + "new".length + 8 + 8 + "input".length + 4);
});

test("what entered and left between two commits is logged as a deletion", () => {
  const store = buffer();
  store.hold("a", change(1));
  store.takeFirst();
  expect(commit(store)).toEqual(["a=-@7"]);
});
