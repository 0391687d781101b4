/**
 * Whether a user's function wants its second argument.
 *
 * A function with exactly one declared parameter gets one argument, and what it does not get is not decoded: a filter on
 * the key never parses the value. Functions with rest parameters get everything.
 */
export function wantsBoth(declared: { readonly length: number }): boolean {
  return declared.length !== 1;
}
