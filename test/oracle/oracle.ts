import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildJavaProgram } from "../support/servers/java-program.ts";
import { lightJvmFlags } from "../support/servers/jvm.ts";
import { guardProcess, unguardProcess } from "../support/servers/reaper.ts";
import type { Composition } from "./compositions/language.ts";

const sources = { name: "kafka-streams-oracle", folder: fileURLToPath(new URL(".", import.meta.url)) };

type Question =
  | { readonly ask: "cases" | "document" }
  | { readonly ask: "vector"; readonly case: string; readonly seed: number }
  | { readonly ask: "wire"; readonly case: string }
  | { readonly ask: "composition"; readonly composition: Composition };

/** What Kafka Streams did. `text` is a file as it is recorded. */
export interface Answer {
  readonly text: string;
  /** Of a composition. */
  readonly describe?: string;
}

/** Kafka Streams failed where it was asked, with the stack trace. */
export class OracleFailure extends Error {
  override readonly name = "OracleFailure";
}

/** Kafka Streams in a JVM (`Server.java`): answers what it does with a case and a seed, or with a composition. */
export class Oracle {
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;
  private complaint = "";

  private constructor(child: ChildProcess & { readonly stdout: NodeJS.ReadableStream }) {
    this.child = child;
    if (child.pid !== undefined) guardProcess(child.pid);
    this.answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.complaint = (this.complaint + text).slice(-4_000);
    });
  }

  /** @throws {ServersUnavailable} when Java or Maven is missing, or the program cannot be built */
  static async start(): Promise<Oracle> {
    const { java, classPath } = await buildJavaProgram(sources);
    return new Oracle(spawn(java, [...lightJvmFlags, "-cp", classPath, "millrace.oracle.Server"], { stdio: "pipe" }));
  }

  /** Questions are answered in order: several may be under way. @throws {OracleFailure} what Kafka Streams failed with */
  async ask(question: Question): Promise<Answer> {
    this.child.stdin?.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.answers.next();
    if (done === true) throw new Error(`the oracle ended\n${this.complaint}`);
    const answer = JSON.parse(value) as Answer & { readonly error?: string };
    if (answer.error !== undefined) throw new OracleFailure(answer.error);
    return answer;
  }

  async close(): Promise<void> {
    const { child } = this;
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    if (child.pid !== undefined) unguardProcess(child.pid);
  }
}
