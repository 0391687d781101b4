import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { TimeWindowedKStream } from "../../../lib/dsl/windowed-stream.ts";
import type { SlidingWindowsOptions } from "../../../lib/dsl/windows.ts";
import { slidingWindows } from "../../../lib/dsl/windows.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { wk } from "./words.ts";

const text = { key: string(), value: string() };

function windowed(builder: StreamsBuilder, windows: SlidingWindowsOptions): TimeWindowedKStream<string, string> {
  return builder.stream("input", text).groupByKey().windowedBy(slidingWindows(windows));
}

function countPer(windows: SlidingWindowsOptions, retention?: "1h"): CaseTopology {
  return (builder) =>
    windowed(builder, windows)
      .count(retention === undefined ? { store: "counts" } : { store: "counts", retention })
      .toStream()
      .selectKey(wk)
      .to("output", { key: string(), value: int64() });
}

/** Cases with sliding windows. */
export const sliding: Readonly<Record<string, CaseTopology>> = {
  "sliding-count-no-grace": countPer({ timeDifference: 500, grace: 0 }, "1h"),
  "sliding-count-grace": countPer({ timeDifference: 500, grace: 800 }, "1h"),
  "sliding-count-large-grace": countPer({ timeDifference: 1000, grace: "60s" }, "1h"),
  "sliding-count-default-retention": countPer({ timeDifference: 500, grace: 400 }),
  "sliding-count-same-timestamps": countPer({ timeDifference: 10, grace: 20 }, "1h"),
  "sliding-aggregate": (builder) =>
    windowed(builder, { timeDifference: 600, grace: 1000 })
      .aggregate(
        () => "",
        (_k, v, a) => `${a},${v}`,
        { store: "aggregated", value: string(), retention: "1h" },
      )
      .toStream()
      .selectKey(wk)
      .to("output", text),
  "sliding-reduce": (builder) =>
    windowed(builder, { timeDifference: 800, grace: 500 })
      .reduce((a, v) => (v > a ? v : a), { store: "reduced", retention: "1h" })
      .toStream()
      .selectKey(wk)
      .to("output", text),
};
