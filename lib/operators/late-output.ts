import type { Cursor } from "../topology/cursor.ts";
import type { Operator, OperatorContext, Process } from "../topology/operator.ts";

/** An operator that lets go of records which come too late. */
export interface LateOutput {
  /** The node below that gets them, as they came; without one they are only counted. */
  readonly late?: string | undefined;
}

/** What an operator with late records is beside its functions. */
export function withLateOutput({ late }: LateOutput): Pick<Operator, "aside"> {
  return late === undefined ? {} : { aside: late };
}

/** Where the late records of an operator go. */
export class LateRecords {
  private readonly dropped: OperatorContext["dropped"];
  private readonly next: Process | undefined;

  constructor({ child, dropped }: Pick<OperatorContext, "child" | "dropped">, { late }: LateOutput) {
    this.dropped = dropped;
    this.next = late === undefined ? undefined : child(late);
  }

  /** Counts a record as late, and hands it out. */
  drop(cursor: Cursor): void {
    this.dropped("late");
    this.next?.(cursor);
  }

  /** Hands out a record that was counted, or that nobody counts. */
  handOut(cursor: Cursor): void {
    this.next?.(cursor);
  }
}
