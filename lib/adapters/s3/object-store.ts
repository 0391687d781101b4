import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { StreamError } from "../../core/errors.ts";
import { assertByteRange, assertObjectPath } from "../../ports/object-path.ts";
import type { ByteRange, CreateOutcome, ObjectInfo, ObjectStore } from "../../ports/object-store.ts";
import { defaultLimits, type RequestLimits, type RequestOutcome, runRequest, type TryTime } from "./requests.ts";

/** Where the objects are and how to reach them. */
export interface S3ObjectStoreOptions {
  readonly bucket: string;
  /** Put before every path, for example `millrace/`. */
  readonly prefix?: string;
  /**
   * Endpoint, region, credentials, `forcePathStyle`; by default those of the environment. With an endpoint the bucket goes
   * into the path, unless `forcePathStyle` is false.
   */
  readonly aws?: S3ClientConfig;
  readonly limits?: RequestLimits;
  /** Objects per page of a listing, for tests. */
  readonly listPageSize?: number;
}

/** Creates that found an object and then, reading it, none. */
const CREATE_ROUNDS_MAX = 5;

/**
 * An object store in S3, or in a server that speaks its protocol.
 *
 * The role needs `s3:GetObject`, `s3:PutObject` and `s3:ListBucket`; the coordinator's also `s3:DeleteObject`.
 *
 * @example compiled only: it needs a bucket
 * const objects = createS3ObjectStore({ bucket: "millrace-snapshots" });
 */
export function createS3ObjectStore(options: S3ObjectStoreOptions): ObjectStore {
  return new S3ObjectStore(options);
}

class S3ObjectStore implements ObjectStore {
  private readonly client: S3Client;
  private readonly options: S3ObjectStoreOptions;
  private readonly prefix: string;

  constructor(options: S3ObjectStoreOptions) {
    this.options = options;
    this.prefix = options.prefix ?? "";
    this.client = new S3Client({
      forcePathStyle: options.aws?.endpoint !== undefined,
      // our formats have checksums of their own, and those of S3 do not cover ranges
      responseChecksumValidation: "WHEN_REQUIRED",
      ...options.aws,
      maxAttempts: 1, // tries are counted in `runRequest`, under one deadline
    });
  }

  async create(path: string, body: Uint8Array): Promise<CreateOutcome> {
    const command = { ...this.object(path), Body: body, ContentLength: body.length, IfNoneMatch: "*" };
    for (let round = 0; round < CREATE_ROUNDS_MAX; round++) {
      const outcome = await this.run("s3:PutObject", path, (time) => {
        time.allow(body.length);
        return this.client.send(new PutObjectCommand(command), { abortSignal: time.signal });
      });
      if (outcome.kind === "done") return { kind: "created" };
      if (outcome.kind === "exists") {
        const found = await this.get(path, undefined);
        if (found !== undefined) return { kind: "exists", body: found };
      }
    }
    throw new StreamError("OBJECT_STORE_UNAVAILABLE", `${path} was there and gone again ${CREATE_ROUNDS_MAX} times`, {
      details: { bucket: this.options.bucket, path },
    });
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.get(path, undefined);
  }

  async readRange(path: string, range: ByteRange): Promise<Uint8Array | undefined> {
    assertByteRange(range);
    if ("suffix" in range) return this.get(path, `bytes=-${range.suffix}`);
    return this.get(path, `bytes=${range.start}-${range.start + range.length - 1}`);
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    const { bucket, listPageSize } = this.options;
    const input = { Bucket: bucket, Prefix: this.prefix + prefix };
    let after: string | undefined;
    do {
      const page = {
        ...input,
        ...(listPageSize && { MaxKeys: listPageSize }),
        ...(after && { ContinuationToken: after }),
      };
      const outcome = await this.run("s3:ListBucket", prefix, ({ signal: abortSignal }) =>
        this.client.send(new ListObjectsV2Command(page), { abortSignal }),
      );
      if (outcome.kind !== "done")
        throw new StreamError("OBJECT_STORE_UNAVAILABLE", `listing ${prefix}: ${outcome.kind}`);
      for (const { Key = "", Size = 0, LastModified } of outcome.output.Contents ?? []) {
        yield { path: Key.slice(this.prefix.length), sizeBytes: Size, modifiedAtMs: LastModified?.getTime() ?? 0 };
      }
      after = outcome.output.NextContinuationToken;
    } while (after !== undefined);
  }

  async delete(path: string): Promise<void> {
    const command = new DeleteObjectCommand(this.object(path));
    await this.run("s3:DeleteObject", path, ({ signal: abortSignal }) => this.client.send(command, { abortSignal }));
  }

  private async get(path: string, range: string | undefined): Promise<Uint8Array | undefined> {
    const command = { ...this.object(path), ...(range !== undefined && { Range: range }) };
    const outcome = await this.run("s3:GetObject", path, async (time) => {
      return bodyOf(await this.client.send(new GetObjectCommand(command), { abortSignal: time.signal }), time);
    });
    if (outcome.kind === "done") return outcome.output;
    return outcome.kind === "beyond-end" ? new Uint8Array(0) : undefined;
  }

  private run<Output>(
    action: string,
    path: string,
    attempt: (time: TryTime) => Promise<Output>,
  ): Promise<RequestOutcome<Output>> {
    const { bucket, limits = defaultLimits } = this.options;
    return runRequest({ bucket, action, path }, limits, attempt);
  }

  private object(path: string): { Bucket: string; Key: string } {
    assertObjectPath(path);
    return { Bucket: this.options.bucket, Key: this.prefix + path };
  }
}

/** The body of an answer. The SDK's signal ends with the headers, so a body that stands still is ended here. */
async function bodyOf({ Body, ContentLength }: GetObjectCommandOutput, time: TryTime): Promise<Uint8Array> {
  if (Body === undefined) return new Uint8Array(0);
  time.allow(ContentLength ?? 0);
  const { signal } = time;
  const stop = () => {
    if ("destroy" in Body) Body.destroy(signal.reason);
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    const bytes = await Body.transformToByteArray();
    // A connection that ends early is not an error of the stream.
    if (ContentLength !== undefined && bytes.length !== ContentLength) {
      throw new Error(`the body ended after ${bytes.length} of ${ContentLength} bytes`);
    }
    return bytes;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
