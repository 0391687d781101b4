import type { OperatorContext } from "../topology/operator.ts";
import { ProcessorScope } from "./processor-scope.ts";

/** What users write ends like this. */
export interface Closeable {
  /** Called when the task ends, and before another one takes over after an abort. */
  close?(): void;
}

/** User code of one node: made when the task starts, with everything restored, and anew after an abort. */
export class UserCode<T extends Closeable> {
  readonly scope: ProcessorScope;
  private running: T | undefined;

  constructor(operator: OperatorContext, make: (scope: ProcessorScope) => T) {
    this.scope = new ProcessorScope(operator);
    operator.lifecycle({
      start: () => {
        this.running = make(this.scope);
      },
      close: () => this.running?.close?.(),
    });
  }

  /** Valid while records are processed. */
  get current(): T {
    return this.running as T;
  }
}
