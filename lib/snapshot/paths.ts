/**
 * Paths of snapshot objects: made and read here only.
 *
 * `<application>/g<generation>/pin-<pin>/<epoch, 16 hex digits>-<version, 12 digits>-<writer>.snap`: the epoch comes first, so
 * a zombie can never meet its successor's path, and a listing is in order of epochs and versions.
 */
import { invariant } from "../core/errors.ts";
import type { ObjectStore } from "../ports/object-store.ts";

/** A pin of an application in a generation. */
export interface PinIdentity {
  readonly applicationId: string;
  readonly generation: number;
  readonly pin: number;
}

/** What the path of a snapshot object says. */
export interface SnapshotIdentity extends PinIdentity {
  readonly epoch: number;
  readonly version: number;
  readonly writer: string;
}

const NAME = /^[a-zA-Z0-9._-]+$/;
const PATH =
  /^(?<app>[a-zA-Z0-9._-]+)\/g(?<generation>\d+)\/pin-(?<pin>\d+)\/(?<epoch>[0-9a-f]{16})-(?<version>\d{12})-(?<writer>[a-zA-Z0-9]+)\.snap$/;

/** The folder of a pin's snapshots, with a slash at the end: prefix of a listing. */
export function pinPrefix({ applicationId, generation, pin }: PinIdentity): string {
  invariant(
    NAME.test(applicationId) && !/^\.+$/.test(applicationId),
    "snapshot: an application id is a safe path part",
    {
      applicationId,
    },
  );
  return `${applicationId}/g${generation}/pin-${pin}/`;
}

/**
 * The path of a snapshot object.
 *
 * @example
 * snapshotPath({ applicationId: "stock-trades", generation: 1, pin: 3, epoch: 7, version: 12, writer: "5f0c" });
 * // "stock-trades/g1/pin-3/0000000000000007-000000000012-5f0c.snap"
 */
export function snapshotPath(identity: SnapshotIdentity): string {
  const { epoch, version, writer } = identity;
  const name = `${epoch.toString(16).padStart(16, "0")}-${String(version).padStart(12, "0")}-${writer}.snap`;
  const path = pinPrefix(identity) + name;
  invariant(PATH.test(path), "snapshot: a path reads back as it was written", { path });
  return path;
}

/** What a path says, or undefined when it is no snapshot's. */
export function parseSnapshotPath(path: string): SnapshotIdentity | undefined {
  const parts = PATH.exec(path)?.groups as Record<string, string> | undefined;
  if (parts === undefined || /^\.+$/.test(parts["app"] as string)) return undefined;
  return {
    applicationId: parts["app"] as string,
    generation: Number(parts["generation"]),
    pin: Number(parts["pin"]),
    epoch: Number.parseInt(parts["epoch"] as string, 16),
    version: Number(parts["version"]),
    writer: parts["writer"] as string,
  };
}

/** Every epoch that left an object of this pin, ascending: an epoch must exceed all of them after the lease table was lost. */
export async function epochsOfObjects(objects: ObjectStore, pin: PinIdentity): Promise<number[]> {
  const epochs = new Set<number>();
  for await (const { path } of objects.list(pinPrefix(pin))) {
    const identity = parseSnapshotPath(path);
    if (identity !== undefined) epochs.add(identity.epoch);
  }
  return [...epochs].sort((a, b) => a - b);
}
