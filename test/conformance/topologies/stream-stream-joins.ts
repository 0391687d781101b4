import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { joinWindows } from "../../../lib/dsl/join-windows.ts";
import type { KStream } from "../../../lib/dsl/stream.ts";
import { string } from "../../../lib/serde/string.ts";
import type { CaseTopology } from "./words.ts";
import { initial, str } from "./words.ts";

type Text = string | null;
type Bounds = readonly [before: number, after: number, grace: number];
const text = { key: string(), value: string() };

function input(builder: StreamsBuilder, topic: "left" | "right" | "input"): KStream<Text, Text> {
  return builder.stream<Text, Text>(topic, text);
}

function windows([before, after, grace]: Bounds): ReturnType<typeof joinWindows> {
  return joinWindows({ before, after, grace });
}

function plus(left: Text, right: Text): string {
  return `${str(left)}+${str(right)}`;
}

function join(kind: "join" | "leftJoin" | "outerJoin", bounds: Bounds): CaseTopology {
  return (builder) => {
    const left = input(builder, "left");
    const right = input(builder, "right");
    const joined = {
      join: () => left.join(right, plus, windows(bounds)),
      leftJoin: () => left.leftJoin(right, plus, windows(bounds)),
      outerJoin: () => left.outerJoin(right, plus, windows(bounds)),
    };
    joined[kind]().to("output", text);
  };
}

function selfJoin(bounds: Bounds): CaseTopology {
  return (builder) => {
    const all = input(builder, "input");
    all.join(all, plus, windows(bounds)).to("output", text);
  };
}

/** Cases that join two streams. */
export const streamStreamJoins: Readonly<Record<string, CaseTopology>> = {
  "inner-join-in-order": join("join", [500, 500, 0]),
  "inner-join-symmetric": join("join", [500, 500, 60_000]),
  "inner-join-no-grace": join("join", [500, 500, 0]),
  "inner-join-grace": join("join", [400, 400, 1000]),
  "inner-join-asymmetric": join("join", [200, 900, 500]),
  "inner-join-before-only": join("join", [800, 0, 1000]),
  "inner-join-after-only": join("join", [0, 800, 1000]),
  "inner-join-zero-window": join("join", [0, 0, 5000]),
  "inner-join-headers": join("join", [500, 500, 60_000]),
  "left-join-in-order": join("leftJoin", [500, 500, 0]),
  "left-join-grace": join("leftJoin", [500, 500, 400]),
  "left-join-late": join("leftJoin", [400, 400, 300]),
  "left-join-asymmetric": join("leftJoin", [200, 900, 300]),
  "outer-join-in-order": join("outerJoin", [500, 500, 0]),
  "outer-join-grace": join("outerJoin", [500, 500, 400]),
  "outer-join-late": join("outerJoin", [400, 400, 300]),
  "outer-join-asymmetric": join("outerJoin", [900, 200, 300]),
  "inner-join-repartition": (builder) => {
    const byInitial = (topic: "left" | "right"): KStream<string, string> =>
      builder.stream(topic, text).selectKey((_k, v) => initial(v));
    const left = byInitial("left");
    left.join(byInitial("right"), (l, r, k) => `${k}:${l}+${r}`, windows([400, 400, 1000]), text).to("output", text);
  },
  "self-join": selfJoin([500, 500, 300]),
  "self-join-asymmetric": selfJoin([0, 700, 300]),
  "self-join-optimized": selfJoin([500, 500, 60_000]),
  "left-join-select-key": (builder) =>
    input(builder, "left")
      .leftJoin(input(builder, "right"), (_l, r) => (r === null ? "unmatched" : "matched"), windows([300, 300, 200]))
      .selectKey((k, v) => `${k}:${v}`)
      .to("output", text),
};
