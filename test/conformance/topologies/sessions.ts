import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import type { SessionWindowsOptions } from "../../../lib/dsl/windows.ts";
import { sessionWindows } from "../../../lib/dsl/windows.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { str, wk } from "./words.ts";

const text = { key: string(), value: string() };
const counted = { key: string(), value: int64() };

function input(builder: StreamsBuilder): KStream<string, string | null> {
  return builder.stream<string, string | null>("input", text);
}

function countPer(windows: SessionWindowsOptions, retention?: "1h"): CaseTopology {
  return (builder) =>
    input(builder)
      .groupByKey()
      .windowedBy(sessionWindows(windows))
      .count(retention === undefined ? { store: "sessions" } : { store: "sessions", retention })
      .toStream()
      .selectKey(wk)
      .to("output", counted);
}

interface Told {
  readonly n: number;
  readonly text: string;
}

/** Cases with session windows. */
export const sessions: Readonly<Record<string, CaseTopology>> = {
  "session-count-no-grace": countPer({ gap: 400, grace: 0 }, "1h"),
  "session-count-grace": countPer({ gap: 400, grace: 1000 }, "1h"),
  "session-count-24h-grace": countPer({ gap: 400, grace: "24h" }),
  "session-count-default-retention": countPer({ gap: 400, grace: 600 }),
  "session-count-tiny-gap": countPer({ gap: 3, grace: 10 }, "1h"),
  "session-headers": countPer({ gap: 300, grace: "60s" }),
  "session-reduce": (builder) =>
    input(builder)
      .filter((_k, v) => v !== null)
      .groupByKey(text)
      .windowedBy(sessionWindows({ gap: 400, grace: 2000 }))
      .reduce((a, v) => `${a},${v}`, { store: "sessions", retention: "1h" })
      .toStream()
      .selectKey(wk)
      .to("output", text),
  "session-aggregate": (builder) =>
    input(builder)
      .groupByKey()
      .windowedBy(sessionWindows({ gap: 400, grace: 2000 }))
      .aggregate<Told>(
        () => ({ n: 0, text: "" }),
        (_k, v, a) => ({ n: a.n + 1, text: `${a.text}+${str(v)}` }),
        {
          merger: (_k, a, b) => ({ n: a.n + b.n, text: `(${a.text}|${b.text})` }),
          store: "sessions",
          value: json(),
          retention: "1h",
        },
      )
      .toStream()
      .selectKey(wk)
      .to("output", { key: string(), value: json() }),
  "session-group-by-count": (builder) =>
    input(builder)
      .filter((_k, v) => v !== null)
      .groupBy((_k, v) => (str(v).length % 2 === 1 ? "odd" : "even"), text)
      .windowedBy(sessionWindows({ gap: 300, grace: 500 }))
      .count({ store: "sessions", retention: "1h" })
      .filter((_w, n) => n >= 2)
      .toStream()
      .selectKey(wk)
      .to("output", counted),
};
