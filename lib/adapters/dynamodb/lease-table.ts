import type { DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { StreamError } from "../../core/errors.ts";
import { assertPublish, assertRaise, type Held } from "../../lease/rows.ts";
import type {
  BeatOutcome,
  ClaimOutcome,
  DocumentRow,
  LeaseRow,
  LeaseTable,
  LeaseWriteOutcome,
  PlanChange,
  SnapshotPointer,
  WorkerReport,
  WorkerRow,
} from "../../ports/lease-table.ts";
import {
  documentFromItem,
  isUnraised,
  leaseFromItem,
  numberAttribute,
  observedRange,
  ordersFromItem,
  pinsAttribute,
  pointerToAttribute,
  sortKeys,
  workerFromItem,
} from "./items.ts";
import {
  type Condition,
  defaultLimits,
  type Item,
  type RequestLimits,
  RowRequests,
  type RowUpdate,
} from "./requests.ts";

/** Where a lease table is and how to reach it. */
export interface DynamoDbLeaseTableOptions {
  readonly table: string;
  readonly app: string;
  readonly generation: number;
  /** Endpoint, region and credentials; by default those of the environment. */
  readonly aws?: DynamoDBClientConfig;
  readonly limits?: RequestLimits;
}

const claimRoundsMax = 20;
/** A row of DynamoDB holds 400 KB. */
const documentBytesMax = 390_000;

/**
 * A lease table in DynamoDB. Tables of several applications may share one: rows of an application have one partition key.
 *
 * @example compiled only: it needs a table
 * const table = createDynamoDbLeaseTable({ table: "millrace-leases", app: "stock-trades", generation: 1 });
 * await table.claim(0, "worker-a");
 */
export function createDynamoDbLeaseTable(options: DynamoDbLeaseTableOptions): LeaseTable {
  const { table, aws = {}, limits = defaultLimits } = options;
  const partition = `${options.app}#${options.generation}`;
  return new DynamoDbLeaseTable(new RowRequests({ table, partition, aws, limits }));
}

class DynamoDbLeaseTable implements LeaseTable {
  readonly #rows: RowRequests;

  constructor(rows: RowRequests) {
    this.#rows = rows;
  }

  async claim(pin: number, worker: string): Promise<ClaimOutcome> {
    let seen = await this.#rows.get(sortKeys.lease(pin));
    for (let round = 0; round < claimRoundsMax; round++) {
      if (seen?.["owner"] !== undefined) return { kind: "taken", row: leaseFromItem(seen) };
      // conditional on the epoch seen, so that a copy of this request that arrives late cannot claim again
      const outcome = await this.#rows.update(sortKeys.lease(pin), claimUpdate(seen, worker));
      if (outcome.kind === "ok") {
        return { kind: "claimed", row: leaseFromItem(outcome.item), first: isUnraised(outcome.item) };
      }
      seen = outcome.item;
    }
    throw new StreamError(
      "LEASE_TABLE_UNAVAILABLE",
      `pin ${pin} was claimed and freed ${claimRoundsMax} times meanwhile`,
    );
  }

  raise(pin: number, held: { worker: string; epoch: number; to: number }): Promise<LeaseWriteOutcome> {
    assertRaise(held);
    return this.#writeHeld(pin, held, {
      set: { epoch: numberAttribute(held.to) },
      remove: ["unraised"],
      conditions: [],
    });
  }

  async read(pin: number): Promise<LeaseRow | undefined> {
    const item = await this.#rows.get(sortKeys.lease(pin));
    return item === undefined ? undefined : leaseFromItem(item);
  }

  release(pin: number, held: { worker: string; epoch: number; asleep: boolean }): Promise<LeaseWriteOutcome> {
    return this.#writeHeld(pin, held, freeing(held.worker, held.asleep));
  }

  publishPointer(
    pin: number,
    held: { worker: string; epoch: number; seenVersion: number; pointer: SnapshotPointer },
  ): Promise<LeaseWriteOutcome> {
    assertPublish(held);
    const { pointer, seenVersion } = held;
    const set = { pointer: pointerToAttribute(pointer), version: numberAttribute(pointer.version) };
    return this.#writeHeld(pin, held, { set, conditions: [equals("version", seenVersion)] });
  }

  async beat(worker: string, report: WorkerReport): Promise<BeatOutcome> {
    const outcome = await this.#rows.update(sortKeys.worker(worker), {
      set: { report: { S: JSON.stringify(report) }, instance: { S: report.instance } },
      setIfAbsent: { assigned: pinsAttribute([]), planVersion: numberAttribute(0) },
      add: { beat: numberAttribute(1) },
      conditions: [
        ownedBy(report.instance),
        ...(report.status === "starting" ? [] : [{ kind: "present", name: "pk" } as const]),
      ],
    });
    if (outcome.kind === "refused") return { kind: "revoked" };
    return { kind: "ok", ...ordersFromItem(outcome.item) };
  }

  async leave(worker: string, instance: string): Promise<void> {
    await this.#rows.remove(sortKeys.worker(worker), [ownedBy(instance)]);
  }

  async observe(): Promise<{ readonly leases: readonly LeaseRow[]; readonly workers: readonly WorkerRow[] }> {
    const items = await this.#rows.query(observedRange.first, observedRange.last);
    const of = (prefix: string) => items.filter((item) => item["sk"]?.S?.startsWith(prefix));
    return {
      leases: of("T#")
        .map(leaseFromItem)
        .sort((a, b) => a.pin - b.pin),
      workers: of("W#")
        .map(workerFromItem)
        .sort((a, b) => (a.worker < b.worker ? -1 : 1)),
    };
  }

  async plan(change: PlanChange): Promise<boolean> {
    if (change.kind === "take-back") {
      const held = { worker: change.owner, epoch: change.epoch };
      return (await this.#writeHeld(change.pin, held, freeing(change.owner, false))).kind === "ok";
    }
    const key = sortKeys.worker(change.worker);
    if (change.kind === "remove-worker") return this.#rows.remove(key, [equals("beat", change.beat)]);
    return (await this.#rows.update(key, planUpdate(change))).kind === "ok";
  }

  async readDocument(name: string): Promise<DocumentRow | undefined> {
    const item = await this.#rows.get(sortKeys.document(name));
    return item === undefined ? undefined : documentFromItem(item);
  }

  async writeDocument(
    name: string,
    seenVersion: number,
    body: string,
  ): Promise<{ written: boolean; row: DocumentRow }> {
    const sizeBytes = Buffer.byteLength(body);
    if (sizeBytes > documentBytesMax) {
      const message = `document ${name} has ${sizeBytes} bytes; a row of DynamoDB holds ${documentBytesMax}`;
      throw new StreamError("INVARIANT_BROKEN", message, { details: { name, sizeBytes } });
    }
    const outcome = await this.#rows.update(sortKeys.document(name), {
      set: { version: numberAttribute(seenVersion + 1), body: { S: body } },
      conditions: [seenVersion === 0 ? { kind: "absent", name: "pk" } : equals("version", seenVersion)],
    });
    const row = outcome.item === undefined ? { version: 0, body: "" } : documentFromItem(outcome.item);
    return { written: outcome.kind === "ok", row };
  }

  async #writeHeld(pin: number, held: Held, change: RowUpdate): Promise<LeaseWriteOutcome> {
    const conditions = [
      { kind: "equals", name: "owner", value: { S: held.worker } } as const,
      equals("epoch", held.epoch),
      ...change.conditions,
    ];
    const outcome = await this.#rows.update(sortKeys.lease(pin), { ...change, conditions });
    if (outcome.kind === "ok") return { kind: "ok", row: leaseFromItem(outcome.item) };
    return { kind: "lost", row: outcome.item === undefined ? undefined : leaseFromItem(outcome.item) };
  }
}

function claimUpdate(seen: Item | undefined, worker: string): RowUpdate {
  const owned = { owner: { S: worker }, asleep: { BOOL: false } };
  if (seen === undefined) {
    return {
      set: { ...owned, epoch: numberAttribute(1), version: numberAttribute(0), unraised: { BOOL: true } },
      conditions: [{ kind: "absent", name: "pk" }],
    };
  }
  const { epoch } = leaseFromItem(seen);
  return {
    set: { ...owned, epoch: numberAttribute(epoch + 1) },
    conditions: [{ kind: "absent", name: "owner" }, equals("epoch", epoch)],
  };
}

function freeing(worker: string, asleep: boolean): RowUpdate {
  return { set: { lastOwner: { S: worker }, asleep: { BOOL: asleep } }, remove: ["owner"], conditions: [] };
}

function planUpdate(change: Extract<PlanChange, { kind: "add-worker" | "assign" }>): RowUpdate {
  const assigned = pinsAttribute(change.assigned);
  if (change.kind === "add-worker") {
    return {
      set: { assigned, planVersion: numberAttribute(1), beat: numberAttribute(0) },
      conditions: [{ kind: "absent", name: "pk" }],
    };
  }
  return {
    set: { assigned, planVersion: numberAttribute(change.planVersion + 1) },
    conditions: [equals("planVersion", change.planVersion)],
  };
}

/** The row of a worker has no instance until its first beat. */
function ownedBy(instance: string): Condition {
  return { kind: "absentOrEquals", name: "instance", value: { S: instance } };
}

function equals(name: string, value: number): Condition {
  return { kind: "equals", name, value: numberAttribute(value) };
}
