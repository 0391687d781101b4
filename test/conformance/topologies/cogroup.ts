import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import type { CogroupedKStream } from "../../../lib/dsl/cogrouped-stream.ts";
import { sessionWindows, timeWindows } from "../../../lib/dsl/windows.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { str, wk } from "./words.ts";

const text = { key: string(), value: string() };

function two(builder: StreamsBuilder): CogroupedKStream<string, string> {
  const group = (topic: string) => builder.stream<string, string | null>(topic, text).groupByKey();
  return group("first")
    .cogroup<string>((_k, v, a) => `${a}a${str(v)}`)
    .cogroup(group("second"), (_k, v, a) => `${a}b${str(v)}`);
}

interface Three {
  readonly texts: readonly string[];
  readonly total: number;
  readonly last: string;
}

/** Cases with cogrouped streams. */
export const cogroup: Readonly<Record<string, CaseTopology>> = {
  "cogroup-two": (builder) =>
    two(builder)
      .aggregate(() => "", { store: "cogrouped", value: string() })
      .toStream()
      .to("output", text),
  "cogroup-three": (builder) =>
    builder
      .stream("first", text)
      .groupByKey()
      .cogroup<Three>((_k, v, a) => ({ ...a, texts: [...a.texts, v].slice(-3), last: "first" }))
      .cogroup(builder.stream("second", text).groupByKey(), (_k, v, a) =>
        v === "reset" ? null : { ...a, last: "second" },
      )
      .cogroup(builder.stream("third", { key: string(), value: int64() }).groupByKey(), (_k, v, a) => ({
        ...a,
        total: a.total + v,
        last: "third",
      }))
      .aggregate(() => ({ texts: [], total: 0, last: "" }), { store: "cogrouped", value: json() })
      .toStream()
      .to("output", { key: string(), value: json() }),
  "cogroup-tumbling": (builder) =>
    two(builder)
      .windowedBy(timeWindows({ size: 1000, grace: 500 }))
      .aggregate(() => "", { store: "cogrouped", value: string() })
      .toStream()
      .selectKey(wk)
      .to("output", text),
  "cogroup-session": (builder) =>
    two(builder)
      .windowedBy(sessionWindows({ gap: 500, grace: 1000 }))
      .aggregate(() => "", { merger: (_k, a, b) => a + b, store: "cogrouped", value: string(), retention: "1h" })
      .toStream()
      .selectKey(wk)
      .to("output", text),
};
