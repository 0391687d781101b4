import type {
  ConsoleApp,
  ConsoleEvent,
  ConsoleEventKind,
  ConsoleInput,
  ConsolePin,
  ConsoleSnapshot,
  ConsoleState,
  ConsoleStatus,
  ConsoleTakeover,
  ConsoleWorker,
} from "../../../lib/console/state.ts";
import type { LeaseRow } from "../../../lib/ports/lease-table.ts";
import type { TickReport } from "../../../lib/scaling/coordinator.ts";
import type { DemoAudit } from "./demo-audit.ts";

const ENDED_SHOWN_MS = 8_000;
const RATE_OVER_S = 1.4;

interface WorkerEntry {
  readonly id: string;
  readonly startedAtMs: number;
  status: ConsoleWorker["status"];
  pins: readonly number[];
  total: number;
  perSecond: number;
  totalAtMs: number;
  endedAtMs: number | null;
}

interface MutableTakeover extends ConsoleTakeover {
  noticedAfterMs: number | null;
  pins: { pin: number; worker: string | null; afterMs: number | null }[];
}

/** Collects what happens and turns it into the page's state. */
export class DemoState {
  status: ConsoleStatus = "starting";
  statusNote = "";
  readonly events: ConsoleEvent[] = [];
  private readonly workers = new Map<string, WorkerEntry>();
  private readonly snapshots: ConsoleSnapshot[] = [];
  private snapshotTotal = 0;
  private readonly takeovers: MutableTakeover[] = [];
  private report: TickReport | undefined;
  private eventNumber = 0;
  private readonly nowMs: () => number;
  private readonly facts: {
    readonly app: ConsoleApp;
    readonly partitions: number;
    readonly windowSizeMs: number;
    readonly deadAfterMs: number;
  };

  constructor(
    facts: { app: ConsoleApp; partitions: number; windowSizeMs: number; deadAfterMs: number },
    nowMs: () => number,
  ) {
    this.facts = facts;
    this.nowMs = nowMs;
  }

  /** Adds a line to the log of events. */
  event(kind: ConsoleEventKind, text: string): void {
    this.events.unshift({ number: ++this.eventNumber, atMs: this.nowMs(), kind, text });
    this.events.length = Math.min(this.events.length, 60);
  }

  /** A log line of the runtime, from this process or a worker's. */
  logged(event: string, fields: Readonly<Record<string, unknown>>): void {
    if (event === "snapshot-published") this.snapshotPublished(fields);
    else if (event === "pin-running") this.pinRunning(Number(fields["pin"]), String(fields["worker"]));
    else if (event === "pin-stopped")
      this.event("error", `pin ${String(fields["pin"])} stopped: ${String(fields["error"])}`);
    else if (event === "scaling-decision") for (const reason of fields["reasons"] as string[]) this.planned(reason);
  }

  private planned(reason: string): void {
    const dead = /^worker (\S+) is dead/.exec(reason)?.[1];
    const takeover = this.takeovers.find(({ worker }) => worker === dead);
    if (dead !== undefined && takeover !== undefined) takeover.noticedAfterMs ??= this.nowMs() - takeover.killedAtMs;
    this.event(dead !== undefined ? "dead" : reason.startsWith("start worker") ? "start" : "plan", reason);
  }

  private pinRunning(pin: number, worker: string): void {
    for (const takeover of this.takeovers) {
      const lost = takeover.pins.find((entry) => entry.pin === pin && entry.afterMs === null);
      if (lost === undefined || takeover.worker === worker) continue;
      lost.worker = worker;
      lost.afterMs = this.nowMs() - takeover.killedAtMs;
      this.event(
        "takeover",
        `pin ${pin} of ${takeover.worker} runs on ${worker} after ${(lost.afterMs / 1_000).toFixed(1)} s`,
      );
    }
  }

  private snapshotPublished(fields: Readonly<Record<string, unknown>>): void {
    const number = (name: string): number => Number(fields[name]);
    this.snapshotTotal++;
    this.snapshots.unshift({
      pin: number("pin"),
      version: number("version"),
      epoch: number("epoch"),
      worker: String(fields["worker"]),
      atMs: this.nowMs(),
      rows: number("rows"),
      sizeBytes: number("sizeBytes"),
      tookMs: number("tookMs"),
    });
    this.snapshots.length = Math.min(this.snapshots.length, 12);
  }

  /** A worker was killed on purpose. */
  killed(worker: string): void {
    const entry = this.workers.get(worker);
    const pins = entry?.pins ?? [];
    if (entry !== undefined) this.end(entry, "dead");
    this.takeovers.unshift({
      worker,
      killedAtMs: this.nowMs(),
      noticedAfterMs: null,
      deadAfterMs: this.facts.deadAfterMs,
      pins: pins.map((pin) => ({ pin, worker: null, afterMs: null })),
    });
    this.takeovers.length = Math.min(this.takeovers.length, 8);
    this.event("kill", `worker ${worker} killed${pins.length === 0 ? "" : `: it held pins ${pins.join(", ")}`}`);
  }

  /** A worker ended by itself. */
  exited(worker: string, how: string): void {
    const entry = this.workers.get(worker);
    if (entry === undefined || entry.endedAtMs !== null) return;
    this.end(entry, "stopped");
    this.event("stop", `worker ${worker} ended: ${how.replace("nothing-assigned", "nothing left to do")}`);
  }

  private end(entry: WorkerEntry, status: "dead" | "stopped"): void {
    entry.status = status;
    entry.endedAtMs = this.nowMs();
    entry.perSecond = 0;
  }

  /** What the coordinator saw. */
  ticked(report: TickReport): void {
    this.report = report;
    const nowMs = this.nowMs();
    this.settleTakeovers(report);
    for (const worker of report.decision.starts) this.entry(worker);
    for (const row of report.workers) {
      const entry = this.entry(row.worker);
      if (entry.endedAtMs !== null) continue;
      entry.status = row.beat === 0 ? "starting" : row.status;
      entry.pins = row.held;
      const seconds = (nowMs - entry.totalAtMs) / 1_000;
      // Over two seconds: a report says what happened between two beats, whenever we look.
      if (seconds >= RATE_OVER_S) {
        entry.perSecond = (row.recordsTotal - entry.total) / seconds;
        entry.total = row.recordsTotal;
        entry.totalAtMs = nowMs;
      }
    }
    for (const [id, entry] of this.workers)
      if (entry.endedAtMs !== null && nowMs - entry.endedAtMs > ENDED_SHOWN_MS) this.workers.delete(id);
  }

  /** A pin that was on its way to another worker when its old one was killed, or that sleeps by now, needs no takeover. */
  private settleTakeovers(report: TickReport): void {
    for (const takeover of this.takeovers) {
      for (const lost of takeover.pins) {
        const lease = report.leases.find(({ pin }) => pin === lost.pin);
        const owner = report.workers.find(({ worker }) => worker === lease?.owner);
        if (lost.afterMs !== null || owner?.worker === takeover.worker || !owner?.held.includes(lost.pin)) continue;
        lost.worker = owner.worker;
        lost.afterMs = this.nowMs() - takeover.killedAtMs;
      }
      takeover.pins = takeover.pins.filter(
        ({ pin, afterMs }) => afterMs !== null || report.leases.find((lease) => lease.pin === pin)?.asleep !== true,
      );
    }
  }

  private entry(id: string): WorkerEntry {
    const nowMs = this.nowMs();
    const found = this.workers.get(id) ?? {
      id,
      startedAtMs: nowMs,
      status: "starting",
      pins: [],
      total: 0,
      perSecond: 0,
      totalAtMs: nowMs,
      endedAtMs: null,
    };
    this.workers.set(id, found);
    return found;
  }

  /** Workers that run now. */
  get living(): number {
    return [...this.workers.values()].filter(({ endedAtMs }) => endedAtMs === null).length;
  }

  /** The page's state. */
  build(input: ConsoleInput, audit: DemoAudit): ConsoleState {
    const { report } = this;
    const lagByPartition = Array.from(
      { length: this.facts.partitions },
      (_, partition) => report?.lagByPartition.get(`trades:${partition}`) ?? null,
    );
    const workers = [...this.workers.values()].map(
      ({ totalAtMs: _at, ...worker }): ConsoleWorker => ({ ...worker, remainingMs: null }),
    );
    return {
      app: this.facts.app,
      nowMs: this.nowMs(),
      status: this.status,
      ...(this.statusNote === "" ? {} : { statusNote: this.statusNote }),
      input,
      processed: { perSecond: workers.reduce((sum, worker) => sum + worker.perSecond, 0), total: audit.result.records },
      lagByPartition,
      plan: { workers: report?.decision.neededWorkers ?? 0, reason: report?.decision.reasons.at(-1) ?? "as before" },
      workers: workers.slice(-32),
      pins: Array.from({ length: this.facts.partitions }, (_, pin) => this.pin(pin, audit.tails.get(pin) ?? null)),
      snapshots: { total: this.snapshotTotal, recent: [...this.snapshots] },
      audit: audit.result,
      table: {
        store: "trade-stats",
        streamTimeMs: audit.streamTimeMs,
        windowSizeMs: this.facts.windowSizeMs,
        rows: audit.rows,
      },
      takeovers: this.takeovers,
      events: this.events,
    };
  }

  private pin(pin: number, tailRecords: number | null): ConsolePin {
    const lease = this.report?.leases.find((row) => row.pin === pin);
    const lag = this.report?.pins.find((seen) => seen.pin === pin)?.lag;
    return {
      pin,
      partitions: [pin],
      owner: lease?.owner ?? null,
      status: pinStatus(lease, [...this.workers.values()]),
      epoch: lease?.epoch ?? 0,
      lag: lag === undefined || lag === "unknown" ? null : lag,
      snapshotVersion: lease?.pointer?.version ?? null,
      snapshotAtMs: lease?.pointer?.publishedAtMs ?? null,
      tailRecords,
    };
  }
}

function pinStatus(lease: LeaseRow | undefined, workers: readonly WorkerEntry[]): ConsolePin["status"] {
  if (lease === undefined || lease.asleep) return "asleep";
  if (lease.owner === undefined) return "waiting";
  const owner = workers.find(({ id }) => id === lease.owner);
  return owner?.pins.includes(lease.pin) === true ? "running" : "restoring";
}
