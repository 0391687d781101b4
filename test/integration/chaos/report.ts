import type { CheckResult } from "./checks.ts";
import type { SeenLine } from "./deployment.ts";

/** What came out of a chaos run. */
export interface ChaosResult {
  readonly seed: number;
  readonly seconds: number;
  readonly trades: number;
  readonly abortedTransactions: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly workers: number;
  readonly fenced: number;
  readonly acquired: number;
  readonly snapshots: number;
  readonly checks: readonly CheckResult[];
  readonly passed: number;
  readonly failed: number;
  /** Where the run's log is, when a check failed. */
  readonly log: string | null;
}

/** The result for a person: a table, what is wrong, and the line `N passed, N failed`. */
export function reportText(result: ChaosResult): string {
  const rows: readonly (readonly [string, string | number])[] = [
    ["seconds until all was processed", result.seconds],
    ["trades", result.trades],
    ["aborted input transactions", result.abortedTransactions],
    ...Object.entries(result.faults).map(([kind, count]) => [`fault: ${kind}`, count] as const),
    ["workers started", result.workers],
    ["pins acquired", result.acquired],
    ["pins fenced", result.fenced],
    ["snapshots published", result.snapshots],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${String(value).padStart(9)}`);
  for (const { name, violations } of result.checks.filter(({ violations }) => violations.length > 0)) {
    lines.push("", `FAILED ${name}`, ...violations.map((violation) => `  ${violation}`));
  }
  if (result.log !== null)
    lines.push("", `log of the run: ${result.log}`, `again: npm run chaos -- --seed ${result.seed}`);
  return ["", ...lines, "", `${result.passed} passed, ${result.failed} failed`].join("\n");
}

/** A line of a run as a person wants to follow it; undefined for what is not worth it. */
export function storyLine({ atMs, app, actor, event, fields }: SeenLine, beganMs: number): string | undefined {
  const told = tell(actor, event, fields);
  if (told === undefined) return undefined;
  return `${((atMs - beganMs) / 1_000).toFixed(1).padStart(7)} s  ${app.padEnd(12)}  ${told}`;
}

function tell(actor: string, event: string, fields: Readonly<Record<string, unknown>>): string | undefined {
  if (actor === "chaos") {
    const { victim, pins, lengthMs } = fields;
    const held = Array.isArray(pins) ? ` (${pins.length === 0 ? "no pins" : `pins ${pins.join(", ")}`})` : "";
    return `× ${event}${victim === undefined ? "" : ` ${String(victim)}`}${held}${lengthMs === undefined ? "" : ` for ${String(lengthMs)} ms`}`;
  }
  if (event === "scaling-decision") return (fields["reasons"] as readonly string[]).join("; ");
  if (event === "pin-fenced") return `${actor} was fenced on pin ${String(fields["pin"])}`;
  if (event === "pin-stopped") return `${actor} stopped pin ${String(fields["pin"])}: ${String(fields["error"])}`;
  if (event === "worker-process-ends") return `${actor} ends: ${String(fields["ended"])}`;
  return undefined;
}
