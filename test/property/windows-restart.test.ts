/** Restart invariance (I11): a task that is rebuilt from its changelogs and clocks between two records emits what it would have. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { StreamsBuilder } from "../../lib/dsl/builder.ts";
import type { KGroupedStream } from "../../lib/dsl/grouped-stream.ts";
import type { KStream } from "../../lib/dsl/stream.ts";
import { Suppressed } from "../../lib/dsl/suppressed.ts";
import type { KTable } from "../../lib/dsl/table.ts";
import { sessionWindows, slidingWindows, timeWindows } from "../../lib/dsl/windows.ts";
import { int64 } from "../../lib/serde/int64.ts";
import { string } from "../../lib/serde/string.ts";
import { propertyRuns } from "../support/property-runs.ts";
import type { InputRecord } from "../support/task-host.ts";
import { TopologyHost } from "../support/task-host.ts";
import { commit, movedFrom } from "./moved-host.ts";

const text = { key: string(), value: string() };
const numbers = { key: string(), value: int64() };
const sessions = sessionWindows({ gap: 10, grace: 5 });
const tumbling = timeWindows({ size: 10, grace: 5 });
const sliding = slidingWindows({ timeDifference: 10, grace: 5 });

type Tested = (group: KGroupedStream<string, string>, stream: KStream<string, string>) => KTable<unknown, number>;

const topologies: Readonly<Record<string, Tested>> = {
  sessions: (group) => group.windowedBy(sessions).count(),
  "sliding windows": (group) => group.windowedBy(sliding).count(),
  "sessions on close": (group) => group.windowedBy(sessions).emitStrategy("onWindowClose").count(),
  "time windows on close": (group) => group.windowedBy(tumbling).emitStrategy("onWindowClose").count(),
  "sliding windows on close": (group) => group.windowedBy(sliding).emitStrategy("onWindowClose").count(),
  "suppressed time windows": (group) => group.windowedBy(tumbling).count().suppress(Suppressed.untilWindowCloses()),
  "suppressed sessions": (group) => group.windowedBy(sessions).count().suppress(Suppressed.untilWindowCloses()),
  "a suppress buffer of two": (group) =>
    group
      .windowedBy(tumbling)
      .count()
      .suppress(Suppressed.untilTimeLimit(7, { maxRecords: 2 })),
  "rows that end": (group) => group.count({ ttl: 15 }),
  "cogrouped rows that end": (group, stream) =>
    group
      .cogroup<number>((_key, _value, sum) => sum + 1)
      .cogroup(stream.filter((_key, value) => value === "y").groupByKey(), (_key, _value, sum) => sum + 100)
      .aggregate(() => 0, { value: int64(), ttl: 15 }),
  "rows that are read and end": (_group, stream) =>
    stream.mapValues((value) => value.length).toTable({ ...numbers, ttl: 15 }),
  "changes only of rows that end": (group) =>
    group
      .count({ ttl: 15 })
      .mapValues((count) => count >> 1)
      .changesOnly({ value: int64() }),
  "changes only of windows": (group) =>
    group
      .windowedBy(tumbling)
      .count()
      .mapValues((count) => count >> 1)
      .changesOnly({ value: int64() }),
  "changes only of sessions": (group) => group.windowedBy(sessions).count().changesOnly(),
  "distinct records": (_group, stream) =>
    stream
      .distinct({ within: 10, grace: 5 })
      .mapValues((value) => value.length)
      .toTable(numbers),
  "distinct ids": (_group, stream) =>
    stream
      .distinct({ within: 10, grace: 5, by: (value) => value, id: string() })
      .mapValues((value) => value.length)
      .toTable(numbers),
  "late records": (group, stream) => {
    let late = stream;
    group.windowedBy(tumbling).count({
      onLate: (each) => {
        late = each;
      },
    });
    return late.mapValues((value) => value.length).toTable(numbers);
  },
};

const record = fc.record({
  key: fc.constantFrom("A", "B"),
  value: fc.constantFrom("x", "y"),
  timestampMs: fc.nat({ max: 60 }),
});

test.for(Object.entries(topologies))("%s emit the same with a restart after every record", ([, tested]) => {
  const define = (builder: StreamsBuilder): void => {
    const stream = builder.stream("in", text);
    tested(stream.groupByKey(), stream).toStream().to("out");
  };
  fc.assert(
    fc.property(fc.array(record, { maxLength: 25, size: "max" }), (records: InputRecord[]) => {
      const whole = new TopologyHost(define);
      let moving = new TopologyHost(define);
      for (const each of records) {
        expect(moving.pipe("in", each)).toEqual(whole.pipe("in", each));
        commit(moving);
        moving = movedFrom(moving);
      }
    }),
    { numRuns: propertyRuns(60) },
  );
});
