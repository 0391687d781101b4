import type { AheadCall, Operator } from "../topology/operator.ts";

/**
 * Replaces the value by what a call for the record has answered. The call was made before the record was taken, so nothing waits
 * here; what it failed with is thrown here, and goes to the exception handlers like everything that a node throws.
 *
 * Stands directly below a source: what a record is before its task takes it is known only there.
 *
 * @example
 * mapValuesAsync({ call: async (value: unknown) => String(value), concurrency: 16, timeoutMs: 30_000 });
 */
export function mapValuesAsync(ahead: AheadCall): Operator {
  return Object.freeze<Operator>({
    kind: "map-values-async",
    ahead,
    create:
      ({ next, answer }) =>
      (cursor) => {
        cursor.setValue(answer());
        next(cursor);
      },
  });
}
