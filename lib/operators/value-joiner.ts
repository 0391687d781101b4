/**
 * Makes one value of two that meet. The key comes last, because it is optional: a joiner with two declared parameters does
 * not get it, and then nobody decodes it.
 */
export type ValueJoiner<K, V1, V2, R> = (left: V1, right: V2, key: K) => R;

/** A joiner as operators call it. */
export type AnyJoiner = ValueJoiner<unknown, unknown, unknown, unknown>;

/** Whether a joiner wants the key. A joiner with rest parameters gets everything. */
export function wantsKey(joiner: { readonly length: number }): boolean {
  return joiner.length !== 2;
}
