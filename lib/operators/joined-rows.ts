import type { TableRows } from "./table-rows.ts";
import type { AnyJoiner } from "./value-joiner.ts";
import { joinFrom } from "./value-joiner.ts";

/** Which rows make a result together. */
export interface RowJoin {
  readonly joiner: AnyJoiner;
  /** True: there is no result without a row on the left. */
  readonly needsLeft: boolean;
  readonly needsRight: boolean;
}

/**
 * The rows of two tables joined by key, computed when they are read, with the larger timestamp of both.
 *
 * @source Kafka Streams `KTableKTableInnerJoin`, `KTableKTableLeftJoin`, `KTableKTableOuterJoin` (value getters)
 * @example
 * const join = { joiner: (cart: unknown, user: unknown) => [cart, user], needsLeft: true, needsRight: false };
 * joinedRows(storedRows("carts"), storedRows("users"), join).stores; // ["carts", "users"]
 */
export function joinedRows(left: TableRows, right: TableRows, join: RowJoin): TableRows {
  const { needsLeft, needsRight } = join;
  const joined = joinFrom("left", join.joiner);
  const { touches: touchesLeft } = left;
  const { touches: touchesRight } = right;
  return {
    stores: [...new Set([...left.stores, ...right.stores])],
    ...(touchesLeft &&
      touchesRight && { touches: (keyText: string) => [...touchesLeft(keyText), ...touchesRight(keyText)] }),
    open: (context) => {
      const readLeft = left.open(context);
      const readRight = right.open(context);
      return (keyText, holder) => {
        const a = readLeft(keyText, holder);
        if (a === undefined && needsLeft) return undefined;
        const b = readRight(keyText, holder);
        if (b === undefined && (needsRight || a === undefined)) return undefined;
        const value = joined(a?.value ?? null, b?.value ?? null, holder) ?? null;
        if (value === null) return undefined;
        return { value, timestampMs: Math.max(a?.timestampMs ?? -1, b?.timestampMs ?? -1) };
      };
    },
  };
}
