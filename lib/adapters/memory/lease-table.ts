import { type RowKinds, RowLeaseTable, type RowStore } from "../../lease/row-table.ts";
import type { RowStep } from "../../lease/rows.ts";
import type { LeaseTable } from "../../ports/lease-table.ts";

/** Lease rows of any number of applications, in memory. */
export class MemoryLeaseRows {
  readonly #applications = new Map<string, MemoryRowStore>();

  /** The table of one application; the same rows every time. */
  table(application: { readonly app: string; readonly generation: number }): LeaseTable {
    const key = `${application.app}#${application.generation}`;
    const store = this.#applications.get(key) ?? new MemoryRowStore();
    this.#applications.set(key, store);
    return new RowLeaseTable(store);
  }
}

/**
 * A lease table of one application, in memory.
 *
 * @example
 * const table = createMemoryLeaseTable();
 * await table.claim(0, "worker-a"); // { kind: "claimed", first: true, … }
 */
export function createMemoryLeaseTable(): LeaseTable {
  return new RowLeaseTable(new MemoryRowStore());
}

type RowMaps = { readonly [Kind in keyof RowKinds]: Map<string, RowKinds[Kind]> };

class MemoryRowStore implements RowStore {
  readonly #maps: RowMaps = { lease: new Map(), worker: new Map(), document: new Map() };

  async read<Kind extends keyof RowKinds>(kind: Kind, id: string): Promise<RowKinds[Kind] | undefined> {
    return this.#map(kind).get(id);
  }

  async list<Kind extends keyof RowKinds>(kind: Kind): Promise<readonly RowKinds[Kind][]> {
    return [...this.#map(kind).values()];
  }

  async update<Kind extends keyof RowKinds, Outcome>(
    kind: Kind,
    id: string,
    step: (row: RowKinds[Kind] | undefined) => RowStep<RowKinds[Kind], Outcome>,
  ): Promise<Outcome> {
    const map = this.#map(kind);
    const { change, outcome } = step(map.get(id));
    if (change.kind === "put") map.set(id, change.row);
    if (change.kind === "remove") map.delete(id);
    return outcome;
  }

  #map<Kind extends keyof RowKinds>(kind: Kind): Map<string, RowKinds[Kind]> {
    return this.#maps[kind];
  }
}
