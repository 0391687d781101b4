import type { Clock } from "../../ports/clock.ts";
import { assertByteRange, assertObjectPath, placeRange } from "../../ports/object-path.ts";
import type { ByteRange, CreateOutcome, ObjectInfo, ObjectStore } from "../../ports/object-store.ts";

/** What the store may use. */
export interface MemoryObjectStoreOptions {
  /** Dates objects; without it they are from time 0. */
  readonly clock?: Pick<Clock, "nowMs">;
}

/**
 * An object store in memory.
 *
 * @example
 * const objects = createMemoryObjectStore();
 * await objects.create("a/b", Buffer.from("body")); // { kind: "created" }
 */
export function createMemoryObjectStore(options: MemoryObjectStoreOptions = {}): ObjectStore {
  return new MemoryObjectStore(options);
}

class MemoryObjectStore implements ObjectStore {
  private readonly objects = new Map<string, { readonly body: Buffer; readonly modifiedAtMs: number }>();
  private readonly clock: Pick<Clock, "nowMs"> | undefined;

  constructor(options: MemoryObjectStoreOptions) {
    this.clock = options.clock;
  }

  async create(path: string, body: Uint8Array): Promise<CreateOutcome> {
    assertObjectPath(path);
    const found = this.objects.get(path);
    if (found !== undefined) return { kind: "exists", body: Buffer.from(found.body) };
    this.objects.set(path, { body: Buffer.from(body), modifiedAtMs: this.clock?.nowMs() ?? 0 });
    return { kind: "created" };
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    assertObjectPath(path);
    const found = this.objects.get(path);
    return found === undefined ? undefined : Buffer.from(found.body);
  }

  async readRange(path: string, range: ByteRange): Promise<Uint8Array | undefined> {
    assertObjectPath(path);
    assertByteRange(range);
    const found = this.objects.get(path);
    if (found === undefined) return undefined;
    const { start, end } = placeRange(range, found.body.length);
    return Buffer.from(found.body.subarray(start, end));
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    for (const path of inByteOrder([...this.objects.keys()].filter((path) => path.startsWith(prefix)))) {
      const found = this.objects.get(path);
      if (found !== undefined) yield { path, sizeBytes: found.body.length, modifiedAtMs: found.modifiedAtMs };
    }
  }

  async delete(path: string): Promise<void> {
    assertObjectPath(path);
    this.objects.delete(path);
  }
}

function inByteOrder(paths: string[]): string[] {
  return paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
