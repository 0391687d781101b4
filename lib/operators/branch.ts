import type { Operator } from "../topology/operator.ts";
import { ofRecord } from "./arity.ts";

/** A node that gets the records for which the predicate is true; without one, those that no other gets. */
export interface BranchTarget<K, V> {
  readonly node: string;
  readonly predicate: ((key: K, value: V) => boolean) | undefined;
}

/**
 * Forwards a record to the first target whose predicate is true, and only there; drops it when there is none.
 *
 * @source Kafka Streams `KStreamBranch`
 * @example
 * branch([{ node: "long", predicate: (key: string, value: string) => value.length > 3 }, { node: "rest", predicate: undefined }]);
 */
export function branch<K, V>(targets: readonly BranchTarget<K, V>[]): Operator {
  return Object.freeze<Operator>({
    kind: "branch",
    create: ({ child }) => {
      const ways = targets.map(({ node, predicate }) => ({
        next: child(node),
        takes: predicate && ofRecord(predicate),
      }));
      return (cursor) => {
        for (const { next, takes } of ways) if (takes === undefined || takes(cursor)) return next(cursor);
      };
    },
  });
}
