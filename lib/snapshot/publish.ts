/**
 * Publishes a snapshot: one PUT, then one conditional pointer update.
 *
 * Owns: the order data first, pointer last. Does not own: the content (`encode.ts`), when to publish (`task/pin-running.ts`), the
 * lease, deleting old objects (coordinator).
 *
 * Invariants:
 * - I10 nothing that a live manifest needs is deleted: this file deletes nothing, a segment stays referenced by its path.
 * - S1 an object path is written once: what is there already is ours, from a request whose answer was lost.
 * - S2 the pointer moves only from the version that was seen, under the epoch that is held; else nothing was published.
 */
import { invariant, StreamError } from "../core/errors.ts";
import type { LeaseRow, LeaseTable, SnapshotPointer } from "../ports/lease-table.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { decideAfterExists, decideAfterPointerMoved } from "./decide.ts";
import type { EncodedSnapshot } from "./encode.ts";
import type { Manifest } from "./types.ts";

/** Tries of the pointer update when nothing moved. */
const POINTER_TRIES_MAX = 3;

/** What publishing needs of the world. */
export interface PublishPorts {
  readonly objects: ObjectStore;
  readonly leases: LeaseTable;
}

/** How it ended. `moved`: the lease or the pointer is another's now; nothing was published. */
export type PublishOutcome =
  | {
      readonly kind: "published";
      readonly pointer: SnapshotPointer;
      readonly manifest: Manifest;
      readonly row: LeaseRow;
    }
  | { readonly kind: "moved"; readonly row: LeaseRow | undefined };

/**
 * Publishes an encoded snapshot.
 *
 * @param worker Who holds the lease, under the epoch of the manifest.
 *
 * @throws {StreamError} `OBJECT_STORE_UNAVAILABLE`, `LEASE_TABLE_UNAVAILABLE`, …: then the frozen changes are in no manifest
 *   that is known to be published, and the next snapshot writes the stores in full (`StoreFacts.lostChanges`)
 */
export async function publishSnapshot(
  ports: PublishPorts,
  worker: string,
  snapshot: EncodedSnapshot,
): Promise<PublishOutcome> {
  const { path, manifest, object } = snapshot;
  const outcome = await ports.objects.create(path, object.body);
  if (outcome.kind === "exists") {
    const decision = decideAfterExists(object.body, outcome.body);
    invariant(decision.kind === "ours", "S1: an object path is written once", { path });
  }
  const pointer: SnapshotPointer = {
    path,
    manifestOffset: object.manifestOffset,
    manifestLength: object.manifestLength,
    version: manifest.version,
    epoch: manifest.epoch,
    publishedAtMs: manifest.createdAtMs,
  };
  return movePointer(ports.leases, worker, { pointer, manifest });
}

async function movePointer(
  leases: LeaseTable,
  worker: string,
  built: { pointer: SnapshotPointer; manifest: Manifest },
): Promise<PublishOutcome> {
  const { pin, epoch, version } = built.manifest;
  const seenVersion = version - 1;
  const held = { worker, epoch, seenVersion, pointer: built.pointer };
  for (let tries = 0; tries < POINTER_TRIES_MAX; tries++) {
    const outcome = await leases.publishPointer(pin, held);
    if (outcome.kind === "ok") return { kind: "published", ...built, row: outcome.row };
    const decision = decideAfterPointerMoved(outcome.row, held);
    if (decision.kind === "published") return { kind: "published", ...built, row: outcome.row as LeaseRow };
    if (decision.kind === "moved") return { kind: "moved", row: outcome.row };
  }
  throw new StreamError("LEASE_TABLE_UNAVAILABLE", `the pointer of pin ${pin} was refused though nothing moved`, {
    details: { pin, epoch, seenVersion },
  });
}
