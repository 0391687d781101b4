/**
 * Ports that can stop answering, as if the process behind them had been killed or frozen.
 *
 * A killed worker in the same process must behave like a dead one: what it called never settles, so none of its `finally`
 * or `catch` code runs. A frozen one gets its answers when it is thawed.
 */
interface Line {
  readonly mode: "open" | "frozen" | "cut";
}

/** Control of a line. */
export class LineSwitch implements Line {
  mode: "open" | "frozen" | "cut" = "open";
  private held: (() => void)[] = [];

  get isCut(): boolean {
    return this.mode === "cut";
  }

  /** Calls and answers stop for ever. */
  cut(): void {
    this.mode = "cut";
    this.held = [];
  }

  /** Answers wait until `thaw`. */
  freeze(): void {
    if (this.mode === "open") this.mode = "frozen";
  }

  /** Delivers what waited, in order. */
  thaw(): void {
    if (this.mode !== "frozen") return;
    this.mode = "open";
    const held = this.held;
    this.held = [];
    for (const deliver of held) deliver();
  }

  /** Delivers an answer now, later, or never. */
  deliver(answer: () => void): void {
    if (this.mode === "open") answer();
    else if (this.mode === "frozen") this.held.push(answer);
  }
}

/** Called around every asynchronous call: may wait, and may lose the answer by throwing. */
export interface CallHook {
  before(method: string): Promise<void>;
  after(method: string): Promise<void>;
}

const noHook: CallHook = { before: async () => undefined, after: async () => undefined };

/** Methods that answer at once; all others are asynchronous. */
const synchronous = new Set([
  "begin",
  "nowMs",
  "monotonicMs",
  "next",
  "uuid",
  "debug",
  "info",
  "warn",
  "error",
  "with",
  "count",
  "gauge",
  "timing",
]);

/**
 * A port behind a line. Objects that its calls answer with methods of their own (a transactor) are behind the line too.
 */
export function severable<T extends object>(port: T, line: LineSwitch, hook: CallHook = noHook): T {
  return new Proxy(port, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== "function" || typeof name !== "string") return member;
      if (synchronous.has(name)) return member.bind(target);
      if (name === "list")
        return (...args: unknown[]) => severableList(member.apply(target, args) as unknown, line, hook);
      return (...args: unknown[]) => call(() => member.apply(target, args) as unknown, name, { line, hook });
    },
  });
}

function call(
  invoke: () => unknown,
  method: string,
  { line, hook }: { line: LineSwitch; hook: CallHook },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const issue = async (): Promise<void> => {
      try {
        await hook.before(method);
        if (line.mode === "cut") return;
        const answer = await invoke();
        await hook.after(method);
        const wrapped = isPort(answer) ? severable(answer, line, hook) : answer;
        line.deliver(() => resolve(wrapped));
      } catch (error) {
        line.deliver(() => reject(error));
      }
    };
    if (line.mode !== "cut") void issue();
  });
}

/** A promise of a list stays what it is; an async iterable is read behind the line. */
function severableList(list: unknown, line: LineSwitch, hook: CallHook): unknown {
  if (list instanceof Promise) return call(() => list, "list", { line, hook });
  const iterable = list as AsyncIterable<unknown>;
  return {
    [Symbol.asyncIterator]() {
      const iterator = iterable[Symbol.asyncIterator]();
      return { next: () => call(() => iterator.next(), "list", { line, hook }) };
    },
  };
}

function isPort(answer: unknown): answer is object {
  return typeof answer === "object" && answer !== null && "transactionalId" in answer && "commit" in answer;
}
