/**
 * A byte range of an object: `length` bytes from `start`, or the last `suffix` bytes; at least 1. What lies beyond the object's
 * end is cut off, so the answer may be shorter or empty.
 */
export type ByteRange = { readonly start: number; readonly length: number } | { readonly suffix: number };

/** What `create` found. On `exists` the caller compares: it may be its own retry. */
export type CreateOutcome = { readonly kind: "created" } | { readonly kind: "exists"; readonly body: Uint8Array };

/** One listed object. */
export interface ObjectInfo {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

/**
 * What the snapshot protocol needs of an object store, and no more.
 *
 * Safety needs: reads see finished writes; `create` is linearizable per path (one of several racing writers wins).
 * Every call has a deadline inside the adapter, retries what may be retried, and then throws. Paths are relative, without empty
 * parts, `.` or `..`, at most 1024 bytes (`assertObjectPath`).
 *
 * @throws {StreamError} `OBJECT_STORE_UNAVAILABLE`, `ACCESS_DENIED`, `BUCKET_MISSING`
 */
export interface ObjectStore {
  /** Writes only if the path is absent (`If-None-Match: *`). */
  create(path: string, body: Uint8Array): Promise<CreateOutcome>;
  /** The whole object, or undefined when absent. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Part of an object, or undefined when absent. A suffix longer than the object answers the whole object. */
  readRange(path: string, range: ByteRange): Promise<Uint8Array | undefined>;
  /** Every object below a prefix, ordered by path; pages are fetched as the caller iterates. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Removes an object; absent is fine. Only the coordinator's role may call it. */
  delete(path: string): Promise<void>;
}
