import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KGroupedStream } from "../../../lib/dsl/grouped-stream.ts";
import type { Suppression } from "../../../lib/dsl/suppressed.ts";
import { Suppressed } from "../../../lib/dsl/suppressed.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import type { TimeWindowsOptions } from "../../../lib/dsl/windows.ts";
import { sessionWindows, timeWindows } from "../../../lib/dsl/windows.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { Windowed } from "../../../lib/serde/windowed.ts";
import type { CaseTopology } from "./words.ts";
import { initial, wk } from "./words.ts";

const text = { key: string(), value: string() };
const counted = { key: string(), value: int64() };

function grouped(builder: StreamsBuilder): KGroupedStream<string, string | null> {
  return builder.stream<string, string | null>("input", text).groupByKey();
}

function countPer(builder: StreamsBuilder, windows: TimeWindowsOptions): KTable<Windowed<string>, number> {
  return grouped(builder).windowedBy(timeWindows(windows)).count({ store: "counts" });
}

function countsOut(counts: KTable<Windowed<string>, number>): void {
  counts.toStream().selectKey(wk).to("output", counted);
}

function heldTable(suppressed: Suppression<unknown>): CaseTopology {
  return (builder) => builder.table("input", text).suppress(suppressed).toStream().to("output", text);
}

/** Cases that hold back changes. */
export const suppression: Readonly<Record<string, CaseTopology>> = {
  "suppress-window-close-tumbling": (builder) =>
    countsOut(countPer(builder, { size: 1000, grace: 500 }).suppress(Suppressed.untilWindowCloses())),
  "suppress-headers": (builder) =>
    countsOut(countPer(builder, { size: 1000, grace: 500 }).suppress(Suppressed.untilWindowCloses())),
  "suppress-window-close-no-grace": (builder) =>
    countsOut(countPer(builder, { size: 1500, grace: 0 }).suppress(Suppressed.untilWindowCloses())),
  "suppress-window-close-hopping": (builder) =>
    grouped(builder)
      .windowedBy(timeWindows({ size: 1000, advance: 500, grace: 300 }))
      .aggregate(
        () => "",
        (_k, v, a) => a + (v === null ? "-" : initial(v)),
        { store: "agg", value: string() },
      )
      .suppress(Suppressed.untilWindowCloses())
      .toStream()
      .selectKey(wk)
      .to("output", text),
  "suppress-window-close-session": (builder) =>
    countsOut(
      grouped(builder)
        .windowedBy(sessionWindows({ gap: 400, grace: 500 }))
        .count({ store: "sessions", retention: "1h" })
        .suppress(Suppressed.untilWindowCloses()),
    ),
  "suppress-time-limit-table": heldTable(Suppressed.untilTimeLimit(1000)),
  "suppress-max-records-table": heldTable(Suppressed.untilTimeLimit("60s", { maxRecords: 3 })),
  "suppress-zero-limit": heldTable(Suppressed.untilTimeLimit(0)),
  "suppress-time-limit-and-max-records": (builder) =>
    countsOut(
      countPer(builder, { size: 1000, grace: 2000 }).suppress(Suppressed.untilTimeLimit(700, { maxRecords: 2 })),
    ),
  "suppress-count-then-group-by": (builder) =>
    grouped(builder)
      .count({ store: "counts" })
      .suppress(Suppressed.untilTimeLimit(800))
      .filter((_k, n) => n > 0)
      .groupBy((k, n) => [n % 2 === 0 ? "even" : "odd", k], text)
      .count({ store: "groups" })
      .toStream()
      .to("output", counted),
};
