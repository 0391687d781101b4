/**
 * Makes one value of two that meet. The key comes last, because it is optional: a joiner with two declared parameters does
 * not get it, and then nobody decodes it.
 */
export type ValueJoiner<K, V1, V2, R> = (left: V1, right: V2, key: K) => R;

/** A joiner as operators call it. */
export type AnyJoiner = ValueJoiner<unknown, unknown, unknown, unknown>;

/** The joiner seen from one side, called with whoever has the key. A joiner with rest parameters gets everything. */
export function joinFrom(
  side: "left" | "right",
  joiner: AnyJoiner,
): (mine: unknown, others: unknown, holder: { readonly key: unknown }) => unknown {
  const byValues = joiner as (left: unknown, right: unknown) => unknown;
  if (joiner.length === 2) {
    return side === "left" ? (mine, others) => byValues(mine, others) : (mine, others) => byValues(others, mine);
  }
  return side === "left"
    ? (mine, others, holder) => joiner(mine, others, holder.key)
    : (mine, others, holder) => joiner(others, mine, holder.key);
}
