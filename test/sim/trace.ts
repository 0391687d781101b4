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

  add(actor: string, what: string): void {
    const line = `${this.now().toFixed(3)} ${actor}: ${what}`;
    this.hash.update(line);
    this.lines.push(line);
    const kind = what.replace(/[0-9]+/g, "#");
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
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
