import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { Stores } from "../../../lib/dsl/stores.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { timeWindows } from "../../../lib/dsl/windows.ts";
import type { FixedKeyProcessorContext, ProcessorContext } from "../../../lib/operators/processing-context.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { KeyValueStore } from "../../../lib/state/typed/key-value-store.ts";
import type { TimestampedWindowStore } from "../../../lib/state/typed/timestamped-window-store.ts";
import type { PutVersion } from "../../../lib/state/typed/versioned-key-value-store.ts";
import type { Cancellable, PunctuationType } from "../../../lib/topology/punctuation.ts";
import type { CaseTopology } from "./words.ts";
import { initial, str, wk } from "./words.ts";

type Text = string | null;
type TextContext = ProcessorContext<Text, Text>;
const text = { key: string(), value: string() };
const numbers = { key: string(), value: int64() };

function input(builder: StreamsBuilder, topic = "input"): KStream<string, Text> {
  return builder.stream<string, Text>(topic, text);
}

/** Counts per key; at every tick forwards the counts and forgets them. */
function countUntilTick(type: PunctuationType, interval: number): CaseTopology {
  const counts = Stores.keyValue("counts", numbers);
  return (builder) =>
    input(builder)
      .process(
        (context: TextContext) => {
          const store = context.getStateStore(counts);
          context.schedule({ interval, type }, (timestampMs) => {
            for (const [key, count] of store.all()) {
              context.forward({ key, value: `n=${count}`, timestampMs });
              store.delete(key);
            }
          });
          return { process: ({ key }) => store.put(key, (store.get(key) ?? 0) + 1) };
        },
        { stores: [counts] },
      )
      .to("output", text);
}

/** Keeps events by time and forwards what `show` says of them. */
function eventsInWindows(
  retention: number,
  show: (store: EventStore, event: { key: string; value: string; timestampMs: number }) => string,
): CaseTopology {
  const events = Stores.window("events", { ...text, windowSize: 1000, retention });
  return (builder) =>
    input(builder)
      .process(
        (context: TextContext) => {
          const store = context.getStateStore(events);
          return {
            process: (record) => {
              const { key, value, timestampMs } = record;
              if (value === null) return;
              store.put(key, value, timestampMs);
              context.forward(record.withValue(show(store, { key, value, timestampMs })));
            },
          };
        },
        { stores: [events] },
      )
      .to("output", text);
}

interface EventStore {
  fetch(key: string, startMs: number): string | undefined;
  fetch(key: string, fromMs: number, toMs: number): Iterable<readonly [number, string]>;
}

function eventList(rows: Iterable<readonly [number, string]>): string {
  return [...rows].map(([startMs, value]) => `${value}@${startMs}`).join(",");
}

function keyList(rows: KeyValueStore<string, string>, key: string, value: string): string {
  const found =
    key === "A"
      ? rows.range("b", "d")
      : key === "B"
        ? rows.reverseRange("b", "date")
        : key === "C"
          ? rows.all()
          : rows.prefixScan(initial(value));
  return [...found].map(([each]) => each).join(",");
}

/** Does with the store what the records say, and forwards what it answered. */
function versionOperations(builder: StreamsBuilder): void {
  const versions = Stores.versionedKeyValue("versions", { ...text, historyRetention: 5000 });
  input(builder)
    .process(
      (context: TextContext) => {
        const store = context.getStateStore(versions);
        const shown = (row: { value: Text; timestampMs: number } | undefined): string =>
          row === undefined ? "none" : `${row.value}@${row.timestampMs}`;
        const done = (put: PutVersion): string =>
          put.kind === "newest" ? "-1" : put.kind === "dropped" ? "dropped" : String(put.timestampMs);
        const answers: Readonly<Record<string, (key: string, value: Text, timestampMs: number) => string>> = {
          put: (key, value, timestampMs) => done(store.put(key, value, timestampMs)),
          delete: (key, _value, timestampMs) => shown(store.delete(key, timestampMs)),
          get: (key) => shown(store.get(key)),
          asof: (key, _value, timestampMs) => shown(store.get(key, timestampMs)),
        };
        return {
          process: (record) => {
            const { key, value, timestampMs } = record;
            const operation = (value ?? "").replace(/[0-9]+$/, "");
            context.forward(record.withValue(`${operation}:${answers[operation]?.(key, value, timestampMs)}`));
          },
        };
      },
      { stores: [versions] },
    )
    .to("output", text);
}

/** Cases of the Processor API. */
export const processors: Readonly<Record<string, CaseTopology>> = {
  "stateful-dedup": (builder) => {
    const last = Stores.keyValue("last", text);
    input(builder)
      .process(
        (context: TextContext) => {
          const store = context.getStateStore(last);
          return {
            process: (record) => {
              if (record.value !== null && record.value === store.get(record.key)) return;
              store.put(record.key, record.value);
              context.forward(record);
            },
          };
        },
        { stores: [last] },
      )
      .to("output", text);
  },
  "stateful-count-store-ops": (builder) => {
    builder.addStateStore(Stores.keyValue("counts", numbers));
    input(builder)
      .process(
        (context: TextContext) => {
          const store = context.getStateStore<KeyValueStore<string, number>>("counts");
          const textFor = (value: Text): string => {
            if (value === null) return "null";
            if (value === "fig") return `deleted ${store.delete("ant") ?? null}`;
            if (value === "eel") return `absent ${store.putIfAbsent("bee", 100) ?? null}`;
            const count = (store.get(value) ?? 0) + 1;
            store.put(value, count);
            return `${value}=${count}`;
          };
          return { process: (record) => context.forward(record.withValue(textFor(record.value))) };
        },
        { stores: ["counts"] },
      )
      .to("output", text);
  },
  "store-range-scans": (builder) => {
    const rows = Stores.keyValue("rows", text);
    input(builder)
      .process(
        (context: TextContext) => {
          const store = context.getStateStore(rows);
          return {
            process: (record) => {
              const { key, value } = record;
              if (value === null) return;
              context.forward(record.withValue(`${value}:${keyList(store, key, value)}`));
              store.put(value, key);
            },
          };
        },
        { stores: [rows] },
      )
      .to("output", text);
  },
  "stream-time-punctuator": countUntilTick("streamTime", 1000),
  "wall-clock-punctuator": countUntilTick("wallClockTime", 500),
  "stream-time-punctuator-trace": (builder) =>
    input(builder)
      .process((context: TextContext) => {
        for (const interval of [700, 1000]) {
          context.schedule({ interval, type: "streamTime" }, (timestampMs) =>
            context.forward({ key: `p${interval}`, value: `@${timestampMs}`, timestampMs }),
          );
        }
        return { process: (record) => context.forward(record) };
      })
      .to("output", text),
  "punctuator-cancel-and-reschedule": (builder) => {
    // What Kafka Streams' case keeps in variables: how many there were, and which one runs.
    const ticks = Stores.keyValue("ticks", numbers);
    input(builder)
      .process(
        (context: TextContext) => {
          const store = context.getStateStore(ticks);
          const schedule = (number: number): Cancellable =>
            context.schedule({ interval: 300, type: "wallClockTime", name: "tick" }, (timestampMs) =>
              context.forward({ key: "tick", value: `#${number}@${timestampMs}`, timestampMs }),
            );
          const running = store.get("running");
          let current = running === undefined ? undefined : schedule(running);
          return {
            process: ({ value }) => {
              if (value !== "fig" && value !== "cat") return;
              current?.cancel();
              current = undefined;
              store.delete("running");
              if (value === "fig") return;
              const number = (store.get("scheduled") ?? 0) + 1;
              store.put("scheduled", number);
              store.put("running", number);
              current = schedule(number);
            },
          };
        },
        { stores: [ticks] },
      )
      .to("output", text);
  },
  "punctuator-anchored": (builder) => {
    const more = Stores.keyValue("more", numbers);
    input(builder)
      .process(
        (context: TextContext) => {
          const store = context.getStateStore(more);
          const every = (interval: number, startMs: number, [type, name]: readonly [PunctuationType, string]) =>
            context.schedule({ interval, startMs, type, name }, (timestampMs) =>
              context.forward({ key: name, value: `@${timestampMs}`, timestampMs }),
            );
          every(700, 250, ["streamTime", "s250"]);
          every(700, 101_000, ["streamTime", "s101000"]);
          every(700, 250, ["wallClockTime", "w250"]);
          every(700, 2000, ["wallClockTime", "w2000"]);
          const both = () => [every(300, 100, ["streamTime", "cs"]), every(300, 100, ["wallClockTime", "cw"])];
          let running = store.get("running") === undefined ? [] : both();
          return {
            process: ({ value }) => {
              if (value !== "cat") return;
              for (const each of running) each.cancel();
              store.put("running", 1);
              running = both();
            },
          };
        },
        { stores: [more] },
      )
      .to("output", text);
  },
  "forward-with-timestamp": (builder) =>
    input(builder)
      .process((context: ProcessorContext<string, string>) => ({
        process: (record) => {
          const { key, value, timestampMs } = record;
          if (value === null) return;
          const present = record.withValue(value);
          context.forward(present.withTimestamp(Math.floor(timestampMs / 500) * 500));
          context.forward(present.withKey(`${key}2`).withTimestamp(timestampMs + 10_000));
        },
      }))
      .groupByKey(text)
      .windowedBy(timeWindows({ size: 1000, grace: 60_000 }))
      .reduce((a, v) => `${a},${v}`, { store: "reduced" })
      .toStream()
      .selectKey((windowed) => wk(windowed))
      .to("output", text),
  "low-level-topology": (builder) => {
    const state = Stores.keyValue("state", text);
    const source = builder.addSource<string, Text>("src", "input", text);
    const router = builder.addProcessor("router", {
      supplier: (context: TextContext) => {
        const store = context.getStateStore(state);
        return {
          process: (record) => {
            const { key, value } = record;
            if (value === null) context.forward(record);
            else if (value.length % 2 === 0) context.forward(record, "evens");
            else context.forward(record.withValue(`${value}<${str(store.get(key) ?? null)}`), "out");
            store.put(key, value);
          },
        };
      },
      parents: [source],
      stores: [state],
    });
    builder.addSink("out", { topic: "output", parents: [router], ...text });
    builder.addSink("evens", { topic: "evens", parents: [router], ...text });
  },
  "shared-store": (builder) => {
    const settings = Stores.keyValue("settings", text);
    builder.addStateStore(settings);
    input(builder, "config").process(
      (context) => {
        const store = context.getStateStore(settings);
        return { process: ({ key, value }) => store.put(key, value) };
      },
      { stores: ["settings"] },
    );
    input(builder)
      .process(
        (context: TextContext) => {
          const store = context.getStateStore(settings);
          return {
            process: (record) =>
              context.forward(record.withValue(`${str(record.value)}/${str(store.get(record.key) ?? null)}`)),
          };
        },
        { stores: ["settings"] },
      )
      .to("output", text);
  },
  "process-values-with-store": (builder) => {
    const sums = Stores.timestampedKeyValue("sums", numbers);
    input(builder)
      .processValues(
        (context: FixedKeyProcessorContext<string, number>) => {
          const store = context.getStateStore(sums);
          return {
            process: (record) => {
              const { key, value, timestampMs } = record;
              const old = store.get(key);
              const sum = (old?.value ?? 0) + (value?.length ?? 0);
              store.put(key, { value: sum, timestampMs: Math.max(old?.timestampMs ?? 0, timestampMs) });
              context.forward(record.withValue(sum));
            },
          };
        },
        { stores: [sums] },
      )
      .to("output", numbers);
  },
  "window-store-fetch": eventsInWindows(3_600_000, (store, { key, timestampMs }) =>
    eventList(store.fetch(key, Math.max(0, timestampMs - 1000), timestampMs)),
  ),
  "window-store-retention": eventsInWindows(2000, (store, { key, timestampMs }) => {
    const own = str(store.fetch(key, timestampMs) ?? null);
    return `${own}:${eventList(store.fetch(key, 0, timestampMs + 1000))}`;
  }),
  "session-store-api": (builder) => {
    const sessions = Stores.session("sessions", { ...text, retention: "1h" });
    input(builder)
      .process(
        (context: TextContext) => {
          const store = context.getStateStore(sessions);
          return {
            process: (record) => {
              const { key, value, timestampMs } = record;
              if (value === null) return;
              const found = store.findSessions(key, timestampMs - 500, timestampMs + 500);
              const starts = found.map(([{ window }]) => window.startMs);
              const ends = found.map(([{ window }]) => window.endMs);
              for (const [session] of found) store.remove(session);
              const window = { startMs: Math.min(timestampMs, ...starts), endMs: Math.max(timestampMs, ...ends) };
              store.put({ key, window }, found.map(([, each]) => each).join("") + initial(value));
              const shown = found.map(([session, each]) => `${wk(session)}=${each}`);
              context.forward(record.withValue(shown.join(",")));
            },
          };
        },
        { stores: [sessions] },
      )
      .to("output", text);
  },
  "dsl-window-store-query": (builder) => {
    const all = builder.stream<Text, Text>("input", text);
    all
      .groupByKey()
      .windowedBy(timeWindows({ size: 1000, grace: 1000 }))
      .count({ store: "counts", retention: "1h" });
    all
      .filter((k) => k !== null)
      .process(
        (context: TextContext) => {
          const store = context.getStateStore<TimestampedWindowStore<Text, number>>("counts");
          return {
            process: (record) => {
              const { key, timestampMs } = record;
              const rows = [...store.fetch(key, Math.max(0, timestampMs - 3000), timestampMs)];
              const shown = rows.map(([startMs, row]) => `${startMs}=${row.value}/${row.timestampMs}`);
              context.forward(record.withValue(shown.join(",")));
            },
          };
        },
        { stores: ["counts"] },
      )
      .to("output", text);
  },
  "versioned-store-api": versionOperations,
  "versioned-store-few-times": versionOperations,
};
