import { afterEach, expect, test } from "vitest";
import { createS3ObjectStore } from "../../../../lib/adapters/s3/object-store.ts";
import {
  type Answer,
  type AwsEndpoint,
  type ReceivedRequest,
  startAwsEndpoint,
} from "../../../support/aws-endpoint.ts";

let endpoint: AwsEndpoint | undefined;
afterEach(() => endpoint?.close());

/** A store on a server that gives these answers one after the other, the last one for ever. */
async function storeWith(...answers: readonly (Answer | undefined)[]) {
  let next = 0;
  endpoint = await startAwsEndpoint(() => answers[Math.min(next++, answers.length - 1)]);
  const aws = {
    endpoint: endpoint.url,
    region: "eu-central-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  };
  const objects = createS3ObjectStore({ bucket: "snapshots", aws, limits: { deadlineMs: 1_000, tryTimeoutMs: 250 } });
  return { objects, received: endpoint.received };
}

const xml = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>so it is</Message></Error>`;
const error = (status: number, code: string): Answer => ({
  status,
  headers: { "content-type": "application/xml" },
  body: xml(code),
});
const stored: Answer = { status: 200, headers: { etag: '"1"' } };
const body = (text: string): Answer => ({
  status: 200,
  headers: { "content-length": String(text.length) },
  body: text,
});
const sent = (received: readonly ReceivedRequest[]) =>
  received.map(({ method, path }) => `${method} ${path.split("?")[0]}`);

test("a create asks for absence and sends bytes and checksum", async () => {
  const { objects, received } = await storeWith(stored);
  expect(await objects.create("a/b", Buffer.from("body"))).toEqual({ kind: "created" });
  expect(sent(received)).toEqual(["PUT /snapshots/a/b"]);
  expect(received[0]?.headers["if-none-match"]).toBe("*");
  expect(received[0]?.body).toContain("body");
});

test("a clock that is wrong is set right by the first answer", async () => {
  const skewed = error(403, "RequestTimeTooSkewed");
  const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
  const { objects, received } = await storeWith(
    { ...skewed, headers: { ...skewed.headers, date: inAnHour } },
    body("x"),
  );
  expect(Buffer.from((await objects.read("a/b")) ?? []).toString()).toBe("x");
  const [first, second] = received.map(({ headers }) => headers["x-amz-date"]);
  expect(second).not.toBe(first);
});

test("a create that meets an object answers its body", async () => {
  const { objects } = await storeWith(error(412, "PreconditionFailed"), body("theirs"));
  const outcome = await objects.create("a", Buffer.from("mine"));
  expect(outcome.kind === "exists" && Buffer.from(outcome.body).toString()).toBe("theirs");
});

test("a create is tried again when the object it met is gone", async () => {
  const { objects, received } = await storeWith(error(412, "PreconditionFailed"), error(404, "NoSuchKey"), stored);
  expect(await objects.create("a", Buffer.from("mine"))).toEqual({ kind: "created" });
  expect(sent(received)).toEqual(["PUT /snapshots/a", "GET /snapshots/a", "PUT /snapshots/a"]);
});

test("a create that meets another under way waits and tries again", async () => {
  const { objects, received } = await storeWith(error(409, "ConditionalRequestConflict"), stored);
  expect(await objects.create("a", Buffer.from("mine"))).toEqual({ kind: "created" });
  expect(received.length).toBe(2);
});

test.for(["SlowDown", "InternalError"])("a read is tried again after %s", async (code) => {
  const { objects } = await storeWith(error(503, code), error(503, code), body("there"));
  expect(Buffer.from((await objects.read("a")) ?? []).toString()).toBe("there");
});

test("a try that gets no answer is followed by another", async () => {
  const { objects, received } = await storeWith(undefined, body("there"));
  expect(Buffer.from((await objects.read("a")) ?? []).toString()).toBe("there");
  expect(received.length).toBe(2);
});

test("a body that stands still in the middle is given up and read again", async () => {
  const torn: Answer = { status: 200, headers: { "content-length": "100" }, body: "only this" };
  const { objects } = await storeWith(torn, body("whole"));
  expect(Buffer.from((await objects.readRange("a", { suffix: 9 })) ?? []).toString()).toBe("whole");
});

test("a server that never answers well is given up at the deadline, with the tries counted", async () => {
  const { objects, received } = await storeWith(error(503, "SlowDown"));
  const failed = objects.readRange("a", { start: 0, length: 4 });
  await expect(failed).rejects.toMatchObject({
    code: "OBJECT_STORE_UNAVAILABLE",
    details: { bucket: "snapshots", action: "s3:GetObject", path: "a", tries: expect.any(Number) },
  });
  expect(received.length).toBeGreaterThan(1);
});

test.for([
  { range: { start: 5, length: 10 }, want: "bytes=5-14" },
  { range: { suffix: 64 }, want: "bytes=-64" },
])("range $range is asked for as $want", async ({ range, want }) => {
  const { objects, received } = await storeWith(body("x"));
  await objects.readRange("a", range);
  expect(received[0]?.headers["range"]).toBe(want);
});

test("a listing goes on from page to page and takes the prefix off", async () => {
  const page = (keys: string[], token: string | undefined): Answer => ({
    status: 200,
    headers: { "content-type": "application/xml" },
    body: `<ListBucketResult>${keys.map((key) => `<Contents><Key>${key}</Key><Size>3</Size><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>`).join("")}${token === undefined ? "" : `<IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`}</ListBucketResult>`,
  });
  endpoint = await startAwsEndpoint((request) =>
    request.path.includes("continuation-token=more") ? page(["p/c"], undefined) : page(["p/a", "p/b"], "more"),
  );
  const aws = {
    endpoint: endpoint.url,
    region: "eu-central-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  };
  const objects = createS3ObjectStore({ bucket: "snapshots", prefix: "p/", aws });
  const found: unknown[] = [];
  for await (const info of objects.list("")) found.push(info);
  const modifiedAtMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  expect(found).toEqual(["a", "b", "c"].map((path) => ({ path, sizeBytes: 3, modifiedAtMs })));
  expect(endpoint.received[0]?.path).toContain("prefix=p%2F");
});
