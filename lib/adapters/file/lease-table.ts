import { createHash } from "node:crypto";
import { join } from "node:path";
import { type RowKinds, RowLeaseTable, type RowStore } from "../../lease/row-table.ts";
import type { RowStep } from "../../lease/rows.ts";
import type { LeaseTable } from "../../ports/lease-table.ts";
import { type FileChange, VersionedFiles } from "./versioned-files.ts";

/** Where a lease table is. */
export interface FileLeaseTableOptions {
  /** Made when absent. Tables of several applications may share it. */
  readonly folder: string;
  readonly app: string;
  readonly generation: number;
}

/**
 * A lease table in a folder, shared by the processes of one machine.
 *
 * A write that was answered survives the end of every process. Leases and documents are flushed to the disk, too.
 *
 * @example compiled only: it writes to the folder
 * const table = createFileLeaseTable({ folder: ".millrace/leases", app: "stock-trades", generation: 1 });
 * await table.claim(0, "worker-a");
 */
export function createFileLeaseTable(options: FileLeaseTableOptions): LeaseTable {
  const folder = join(options.folder, `${options.app}#${options.generation}`);
  return new RowLeaseTable(new FileRowStore(new VersionedFiles(folder)));
}

const prefixOf: Readonly<Record<keyof RowKinds, string>> = { lease: "T#", worker: "W#", document: "D#" };

/** JSON leaves undefined members out; a row has them all. */
const undefinedMembers = {
  lease: { owner: undefined, lastOwner: undefined, pointer: undefined },
  worker: { nextTimerAtMs: undefined, remainingMs: undefined },
  document: {},
} as const;

class FileRowStore implements RowStore {
  readonly #files: VersionedFiles;

  constructor(files: VersionedFiles) {
    this.#files = files;
  }

  async read<Kind extends keyof RowKinds>(kind: Kind, id: string): Promise<RowKinds[Kind] | undefined> {
    return decode(kind, await this.#files.read(fileName(kind, id)));
  }

  async list<Kind extends keyof RowKinds>(kind: Kind): Promise<readonly RowKinds[Kind][]> {
    const bodies = await this.#files.list(prefixOf[kind]);
    return bodies.flatMap((body) => decode(kind, body) ?? []);
  }

  update<Kind extends keyof RowKinds, Outcome>(
    kind: Kind,
    id: string,
    step: (row: RowKinds[Kind] | undefined) => RowStep<RowKinds[Kind], Outcome>,
  ): Promise<Outcome> {
    return this.#files.update(fileName(kind, id), (body) => {
      const { change, outcome } = step(decode(kind, body));
      if (change.kind !== "put") return { change, outcome };
      // a beat that is lost with the power is nothing: the worker is lost as well
      const put: FileChange = { kind: "put", body: JSON.stringify(change.row), durable: kind !== "worker" };
      return { change: put, outcome };
    });
  }
}

function decode<Kind extends keyof RowKinds>(kind: Kind, body: string | undefined): RowKinds[Kind] | undefined {
  if (body === undefined) return undefined;
  return { ...undefinedMembers[kind], ...(JSON.parse(body) as RowKinds[Kind]) };
}

/** Ids may hold anything, and some file systems do not tell upper from lower case: readable start, then a hash. */
function fileName(kind: keyof RowKinds, id: string): string {
  if (/^[a-z0-9.-]{1,80}$/.test(id)) return prefixOf[kind] + id;
  const readable = id.replace(/[^a-zA-Z0-9.-]/g, "_").slice(0, 40);
  return `${prefixOf[kind]}${readable}~${createHash("sha256").update(id).digest("hex").slice(0, 32)}`;
}
