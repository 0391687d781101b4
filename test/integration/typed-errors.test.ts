/** What goes wrong on real servers: one clear typed error each, and nothing is lost by it. */
import { expect, test } from "vitest";
import { createDynamoDbLeaseTable } from "../../lib/adapters/dynamodb/lease-table.ts";
import { createS3ObjectStore } from "../../lib/adapters/s3/object-store.ts";
import { parseSettings } from "../../lib/config/settings.ts";
import { openTables } from "../../lib/query/tables.ts";
import { runCoordinator } from "../../lib/scaling/run-coordinator.ts";
import { custom } from "../../lib/serde/custom.ts";
import { runWorker } from "../../lib/worker/run-worker.ts";
import { describeWithServers } from "../support/servers/describe.ts";
import { awsSettings } from "./chaos/places.ts";
import { CountApp, recoverySettings } from "./recovery/count-app.ts";
import { Machine } from "./recovery/machine.ts";

/** Text, and what becomes of bytes that are none. */
function strictText(unreadable: () => string) {
  return custom<string>({
    id: "string",
    serialize: (text) => Buffer.from(text),
    deserialize: (bytes) => (bytes[0] === 0xff ? unreadable() : Buffer.from(bytes).toString()),
  });
}

describeWithServers("what goes wrong on real servers", ({ kafka, s3, dynamodb }) => {
  const create = () => CountApp.create({ bootstrap: kafka.bootstrap, s3, dynamodb });

  test("a record that cannot be read stops its pin and names its place; others go on, and nothing is lost when it can be read", async () => {
    const count = await create();
    count.redeploy(
      strictText(() => {
        throw new Error("no text");
      }),
    );
    await count.write(300);
    const bad = await count.writeBytes("k7", Buffer.from([0xff]));
    await count.write(300);
    const ends = await count.inputEnds();

    const strict = new Machine(count);
    const others = (offset: number, pin: number) => pin === bad.partition || offset >= (ends[pin] ?? 0);
    await strict.runUntil(async () => (await count.reached()).every(others) && strict.logged("pin-stopped") > 0);

    expect(strict.errors[0]).toMatchObject({
      code: "DESERIALIZATION_FAILED",
      advice: "handle-record",
      details: { topic: `${count.app.id}-in`, partition: bad.partition, offset: bad.offset },
    });
    expect((await count.reached())[bad.partition]).toBeLessThanOrEqual(bad.offset);

    count.redeploy(strictText(() => "unreadable"));
    const lenient = new Machine(count);
    await lenient.runUntilIdle();
    expect(lenient.errors).toEqual([]);
    expect(await count.violations()).toEqual([]);
    await count.close();
  });

  test("a bucket that is missing stops every pin before it processes anything, and is named", async () => {
    const count = await create();
    await count.write(30);
    const objects = createS3ObjectStore({ bucket: "nobody-made-this-bucket", aws: awsSettings(s3) });
    const machine = new Machine(count, { objects });
    await machine.runUntil(async () => machine.logged("pin-stopped") > 0);
    expect(machine.errors[0]).toMatchObject({ code: "BUCKET_MISSING", advice: "fix-and-redeploy" });
    expect(String(machine.errors[0])).toContain("nobody-made-this-bucket");

    const repaired = new Machine(count);
    await repaired.runUntilIdle();
    expect(repaired.errors).toEqual([]);
    expect(await count.violations()).toEqual([]);
    await count.close();
  });

  test("a lease table that is missing is named by coordinator, worker and query", async () => {
    const count = await create();
    const leases = createDynamoDbLeaseTable({
      table: "nobody-made-this-table",
      app: count.app.id,
      generation: 1,
      aws: awsSettings(dynamodb),
    });
    const ports = { ...count.ports, leases };
    const life = { remainingMs: () => undefined, stop: new AbortController().signal };
    const settings = parseSettings(recoverySettings);
    const launcher = { start: async () => undefined, list: async () => [], stop: async () => undefined };
    const missing = { code: "TABLE_MISSING", message: expect.stringContaining("nobody-made-this-table") };
    await expect(
      runCoordinator({ app: count.app, ports: { ...ports, launcher }, settings, until: "idle", life }),
    ).rejects.toMatchObject(missing);
    await expect(runWorker({ app: count.app, ports, settings, worker: "w", life })).rejects.toMatchObject(missing);
    await expect(openTables(count.app, ports)).rejects.toMatchObject(missing);
    await count.close();
  });
});
