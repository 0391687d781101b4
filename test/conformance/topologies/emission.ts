import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KGroupedStream } from "../../../lib/dsl/grouped-stream.ts";
import type { KTable } from "../../../lib/dsl/table.ts";
import { sessionWindows, slidingWindows, timeWindows } from "../../../lib/dsl/windows.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { Windowed } from "../../../lib/serde/windowed.ts";
import type { CaseTopology } from "./words.ts";
import { initial, wk } from "./words.ts";

const text = { key: string(), value: string() };

function grouped(builder: StreamsBuilder): KGroupedStream<string, string | null> {
  return builder.stream<string, string | null>("input", text).groupByKey();
}

function countsOut(counts: KTable<Windowed<string>, number>): void {
  counts.toStream().selectKey(wk).to("output", { key: string(), value: int64() });
}

/** Cases that emit windows when they close. */
export const emission: Readonly<Record<string, CaseTopology>> = {
  "emit-final-tumbling": (builder) =>
    countsOut(
      grouped(builder)
        .windowedBy(timeWindows({ size: 1000, grace: 500 }))
        .emitStrategy("onWindowClose")
        .count({ store: "counts", retention: "1h" }),
    ),
  "emit-final-hopping": (builder) =>
    grouped(builder)
      .windowedBy(timeWindows({ size: 1000, advance: 250, grace: 0 }))
      .emitStrategy("onWindowClose")
      .aggregate(
        () => "",
        (_k, v, a) => a + (v === null ? "-" : initial(v)),
        { store: "agg", value: string(), retention: "1h" },
      )
      .toStream()
      .selectKey(wk)
      .to("output", text),
  "emit-final-sliding": (builder) =>
    countsOut(
      grouped(builder)
        .windowedBy(slidingWindows({ timeDifference: 500, grace: 300 }))
        .emitStrategy("onWindowClose")
        .count({ store: "counts", retention: "1h" }),
    ),
  "emit-final-session": (builder) =>
    countsOut(
      grouped(builder)
        .windowedBy(sessionWindows({ gap: 400, grace: 300 }))
        .emitStrategy("onWindowClose")
        .count({ store: "sessions", retention: "1h" }),
    ),
};
