import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { PartitionKey } from "../../../lib/core/ids.ts";
import { findJars } from "../../support/servers/jars.ts";
import { lightJvmFlags } from "../../support/servers/jvm.ts";
import { guardProcess, unguardProcess } from "../../support/servers/reaper.ts";
import type { Step } from "./generate.ts";
import { type Peer, type Place, type ReadLines, type ReadRange, wordOf } from "./peers.ts";

const source = fileURLToPath(new URL("./LogPeer.java", import.meta.url));

interface Command {
  readonly lines: string[];
  resolve(lines: readonly string[]): void;
  reject(error: Error): void;
}

/** Kafka's own clients in a JVM, which runs `LogPeer.java` from its source, takes command after command and answers in order. */
export class JavaPeer implements Peer {
  private readonly child: ChildProcess;
  private readonly waiting: Command[] = [];
  private complaint = "";

  private constructor(child: ChildProcess) {
    this.child = child;
    if (child.pid !== undefined) guardProcess(child.pid);
    if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", (line) => this.take(line));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.complaint = (this.complaint + text).slice(-4_000);
    });
    child.once("exit", (code) => {
      if (child.pid !== undefined) unguardProcess(child.pid);
      for (const { reject } of this.waiting) reject(new Error(`the Java peer ended with ${code}\n${this.complaint}`));
    });
  }

  /** @throws {ServersUnavailable} when Java or Maven is missing */
  static async start(bootstrap: string): Promise<JavaPeer> {
    const { java, classPath } = await findJars("kafka");
    const flags = [...lightJvmFlags, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"];
    return new JavaPeer(spawn(java, [...flags, "-cp", classPath, source, bootstrap], { stdio: "pipe" }));
  }

  async write({ topic, partition, lane }: Place, steps: readonly Step[]): Promise<void> {
    await this.ask(["write", `${lane}`, topic, `${partition}`, ...steps.flatMap(words)]);
  }

  async read(ranges: ReadonlyMap<PartitionKey, ReadRange>, maxPartitionBytes: number): Promise<ReadLines> {
    const places = [...ranges].map(([key, { from, end }]) => `${key}:${from}:${end}`);
    const found = new Map<PartitionKey, string[]>([...ranges.keys()].map((key) => [key, []]));
    for (const line of await this.ask(["read", `${maxPartitionBytes}`, ...places])) {
      const gap = line.indexOf(" ");
      found.get(line.slice(0, gap) as PartitionKey)?.push(line.slice(gap + 1));
    }
    return found;
  }

  /** Changes settings of a topic. */
  async alter(topic: string, configs: Readonly<Record<string, string>>): Promise<void> {
    await this.ask(["alter", topic, ...Object.entries(configs).map(([name, value]) => `${name}=${value}`)]);
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGKILL");
    await ended;
  }

  private ask(command: readonly string[]): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ lines: [], resolve, reject });
      this.child.stdin?.write(`${command.join(" ")}\n`);
    });
  }

  private take(line: string): void {
    if (line !== "done") this.waiting[0]?.lines.push(line);
    else {
      const command = this.waiting.shift();
      command?.resolve(command.lines);
    }
  }
}

function words(step: Step): string[] {
  if (step.kind !== "batch") return [`${step.kind}:${step.producer}`];
  const sends = step.records.map(({ timestampMs, key, value, headers }) => {
    const pairs = headers.map((header) => `${wordOf(Buffer.from(header.key))}~${wordOf(header.value)}`);
    return ["send", step.producer, timestampMs, wordOf(key), wordOf(value), ...pairs].join(":");
  });
  return [...sends, `flush:${step.producer}`];
}
