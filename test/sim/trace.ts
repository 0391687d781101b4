import { createHash } from "node:crypto";

/** What happened, in order: the fingerprint of a run, and the story of a failed one. */
export class Trace {
  private readonly hash = createHash("sha256");
  private readonly lines: string[] = [];
  private readonly now: () => number;
  readonly counts = new Map<string, number>();

  constructor(now: () => number) {
    this.now = now;
  }

  /** @param kind What is counted; without it `what`, up to its fields and without its numbers. */
  add(actor: string, what: string, kind = what.replace(/ \{.*/, "").replace(/[0-9]+/g, "#")): void {
    const line = `${this.now().toFixed(3)} ${actor}: ${what}`;
    this.hash.update(line);
    this.lines.push(line);
    this.count(kind, 1);
  }

  /** Something else that is to happen in a run. */
  count(kind: string, times: number): void {
    if (times > 0) this.counts.set(kind, (this.counts.get(kind) ?? 0) + times);
  }

  /** Anything else that belongs to the fingerprint. */
  mix(bytes: Uint8Array): void {
    this.hash.update(bytes);
  }

  fingerprint(): string {
    return this.hash.digest("hex");
  }

  last(count: number): string {
    return this.lines.slice(-count).join("\n");
  }
}
