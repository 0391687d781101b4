import { describe, expect, test } from "vitest";
import { type CallHook, LineSwitch, severable } from "../../../../lib/adapters/in-process/severable.ts";

/** A port as the real ones are: some calls answer at once, most later, one answers another port, one lists. */
class Port {
  readonly name = "port";
  calls: string[] = [];

  nowMs(): number {
    return 42;
  }

  async read(key: string): Promise<string> {
    this.calls.push(`read ${key}`);
    return `value of ${key}`;
  }

  async fail(): Promise<never> {
    throw new Error("it failed");
  }

  async transactor(): Promise<object> {
    const { calls } = this;
    return {
      transactionalId: "t",
      begin: () => calls.push("begin"),
      commit: async () => void calls.push("commit"),
    };
  }

  async *list(): AsyncGenerator<number> {
    for (let item = 1; item <= 3; item++) {
      this.calls.push(`item ${item}`);
      yield item;
    }
  }
}

interface Transactor {
  begin(): void;
  commit(): Promise<void>;
}

/** Lets everything that can happen happen. */
const rest = () => new Promise((resolve) => setImmediate(resolve));

/** What became of a promise so far. */
function watch<T>(promise: Promise<T>): { state: string } {
  const seen = { state: "pending" };
  promise.then(
    (value) => {
      seen.state = `resolved ${String(value)}`;
    },
    (error: unknown) => {
      seen.state = `rejected ${String((error as Error).message)}`;
    },
  );
  return seen;
}

function begin(hook?: CallHook) {
  const line = new LineSwitch();
  const port = new Port();
  return { line, port, behind: severable(port, line, hook) };
}

describe("an open line", () => {
  test("answers as the port does, at once where the port does", async () => {
    const { behind } = begin();
    expect([behind.nowMs(), behind.name]).toEqual([42, "port"]);
    await expect(behind.read("k")).resolves.toBe("value of k");
    await expect(behind.fail()).rejects.toThrow("it failed");
    const items: number[] = [];
    for await (const item of behind.list()) items.push(item);
    expect(items).toEqual([1, 2, 3]);
  });

  test("puts a transactor behind the line as well", async () => {
    const { line, port, behind } = begin();
    const transactor = (await behind.transactor()) as Transactor;
    transactor.begin();
    await transactor.commit();
    line.cut();
    const late = watch(transactor.commit());
    await rest();
    expect([port.calls, late.state]).toEqual([["begin", "commit"], "pending"]);
  });
});

describe("a cut line", () => {
  test("settles nothing: no finally, no catch runs", async () => {
    const { line, behind } = begin();
    const ran: string[] = [];
    const work = async () => {
      try {
        await behind.read("k");
        ran.push("after");
      } catch {
        ran.push("catch");
      } finally {
        ran.push("finally");
      }
    };
    const asked = watch(work());
    line.cut();
    const later = watch(work());
    await rest();
    expect([ran, asked.state, later.state]).toEqual([[], "pending", "pending"]);
  });

  test("lets what was asked before happen, and nothing that is asked afterwards", async () => {
    const { line, port, behind } = begin();
    void behind.read("before");
    await rest();
    line.cut();
    void behind.read("after");
    await rest();
    expect(port.calls).toEqual(["read before"]);
  });

  test("loses rejections and lists too", async () => {
    const { line, behind } = begin();
    const iterator = behind.list()[Symbol.asyncIterator]();
    await iterator.next();
    const failing = watch(behind.fail());
    line.cut();
    const listing = watch(iterator.next());
    await rest();
    expect([failing.state, listing.state]).toEqual(["pending", "pending"]);
  });

  test("stays cut, and forgets what was held", async () => {
    const { line, behind } = begin();
    line.freeze();
    const held = watch(behind.read("k"));
    await rest();
    line.cut();
    line.freeze();
    line.thaw();
    await rest();
    expect([line.mode, held.state]).toEqual(["cut", "pending"]);
  });
});

describe("a frozen line", () => {
  test("holds answers until it is thawed, and delivers them in the order in which they came", async () => {
    const { line, behind } = begin();
    line.freeze();
    const order: string[] = [];
    for (const key of ["a", "b", "c"]) void behind.read(key).then((value) => order.push(value));
    await rest();
    void behind.fail().catch(() => order.push("failure"));
    await rest();
    expect(order).toEqual([]);
    line.thaw();
    await rest();
    expect(order).toEqual(["value of a", "value of b", "value of c", "failure"]);
    expect(line.mode).toBe("open");
  });

  test("that was thawed is as before", async () => {
    const { line, behind } = begin();
    line.freeze();
    line.thaw();
    line.thaw();
    await expect(behind.read("k")).resolves.toBe("value of k");
  });
});

describe("a hook", () => {
  test("runs before and after every call, and may lose the request or the answer", async () => {
    const seen: string[] = [];
    let loses = "";
    const hook: CallHook = {
      before: async (method) => {
        seen.push(`before ${method}`);
        if (loses === "request") throw new Error("lost request");
      },
      after: async (method) => {
        seen.push(`after ${method}`);
        if (loses === "answer") throw new Error("lost answer");
      },
    };
    const { port, behind } = begin(hook);
    await behind.read("k");
    loses = "request";
    await expect(behind.read("l")).rejects.toThrow("lost request");
    loses = "answer";
    await expect(behind.read("m")).rejects.toThrow("lost answer");
    expect(seen).toEqual(["before read", "after read", "before read", "before read", "after read"]);
    expect(port.calls).toEqual(["read k", "read m"]);
  });
});
