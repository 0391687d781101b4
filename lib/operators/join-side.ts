import type { Serde } from "../serde/serde.ts";
import type { TouchedRange } from "../topology/operator.ts";
import type { AnyJoiner } from "./value-joiner.ts";

/** Which records meet: `left.timestamp - before <= right.timestamp <= left.timestamp + after`. */
export interface JoinWindowShape {
  readonly beforeMs: number;
  readonly afterMs: number;
  /** How long after its window a record still waits for a match, in stream time. */
  readonly graceMs: number;
}

/** One side of a join of two streams. */
export interface JoinSideProps {
  readonly side: "left" | "right";
  /** The store of the other side's records. */
  readonly other: string;
  readonly keySerde: Serde<unknown>;
  readonly windows: JoinWindowShape;
  readonly joiner: AnyJoiner;
  /** True when records still have the key bytes of their source. */
  readonly sourceKeyed: boolean;
}

/** How long before and after a record of this side a record of the other side may be. */
export function reachOf({ side, windows }: Pick<JoinSideProps, "side" | "windows">): {
  readonly beforeMs: number;
  readonly afterMs: number;
} {
  const { beforeMs, afterMs } = windows;
  return side === "left" ? { beforeMs, afterMs } : { beforeMs: afterMs, afterMs: beforeMs };
}

/** The other side's records that a record reads. */
export function touchesOtherSide(
  props: JoinSideProps,
): { readonly touches: (keyText: string, timestampMs: number) => readonly TouchedRange[] } | undefined {
  if (!props.sourceKeyed) return undefined;
  const { beforeMs, afterMs } = reachOf(props);
  return {
    touches: (keyText, timestampMs) => [
      {
        store: props.other,
        from: keyText,
        to: keyText,
        fromMs: Math.max(0, timestampMs - beforeMs),
        toMs: timestampMs + afterMs,
      },
    ],
  };
}
