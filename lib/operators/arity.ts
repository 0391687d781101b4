/** A record, or whoever has its parts: they are decoded when they are read. */
interface Parts {
  readonly key: unknown;
  readonly value: unknown;
}

/**
 * Whether a user's function wants its second argument.
 *
 * A function with exactly one declared parameter gets one argument, and what it does not get is not decoded: a filter on
 * the key never parses the value. Functions with rest parameters get everything.
 */
export function wantsBoth(declared: { readonly length: number }): boolean {
  return declared.length !== 1;
}

/** A user's function of key and value, called with what it wants of a record. */
export function ofRecord<K, V, R>(call: (key: K, value: V) => R): (record: Parts) => R {
  const byKey = call as (key: K) => R;
  return wantsBoth(call) ? (record) => call(record.key as K, record.value as V) : (record) => byKey(record.key as K);
}

/** A user's function of a value and its key, called with a value and whoever has the key. */
export function ofValue<K, V, R>(call: (value: V, key: K) => R): (value: V, holder: Pick<Parts, "key">) => R {
  const byValue = call as (value: V) => R;
  return wantsBoth(call) ? (value, holder) => call(value, holder.key as K) : (value) => byValue(value);
}
