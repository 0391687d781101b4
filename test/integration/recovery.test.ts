import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureTable } from "../../lib/adapters/dynamodb/ensure-table.ts";
import { createDynamoDbLeaseTable } from "../../lib/adapters/dynamodb/lease-table.ts";
import type { Position } from "../../lib/application/position.ts";
import { partitionKey } from "../../lib/core/ids.ts";
import { loadSnapshot } from "../../lib/snapshot/load.ts";
import { storeKey } from "../../lib/snapshot/types.ts";
import { describeWithServers } from "../support/servers/describe.ts";
import { type KafkaServer, startKafka } from "../support/servers/kafka.ts";
import { awsSettings } from "./chaos/places.ts";
import { CountApp, PARTITIONS } from "./recovery/count-app.ts";
import { Machine } from "./recovery/machine.ts";

const DAY_MS = 86_400_000;
const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);

describeWithServers("recovery on real servers", ({ kafka, s3, dynamodb }) => {
  let forgetful: KafkaServer;
  /** Has worked and sleeps, on a broker that forgets in a minute what others forget in a week. */
  let idle: CountApp;
  let beforeIdle: Machine;

  beforeAll(async () => {
    forgetful = await startKafka({
      properties: {
        "offsets.retention.minutes": 1,
        "offsets.retention.check.interval.ms": 1_000,
        "transactional.id.expiration.ms": 10_000,
        "transaction.remove.expired.transaction.cleanup.interval.ms": 1_000,
        "producer.id.expiration.ms": 10_000,
        "producer.id.expiration.check.interval.ms": 1_000,
      },
    });
    idle = await CountApp.create({ bootstrap: forgetful.bootstrap, s3, dynamodb });
    await idle.write(5_000);
    beforeIdle = new Machine(idle);
    await beforeIdle.runUntilIdle();
  });
  afterAll(async () => {
    await idle?.close();
    await forgetful?.stop();
  });

  /** First offset up to which the snapshot of a partition's store is the fold. */
  async function snapshotEnds(count: CountApp): Promise<readonly number[]> {
    return Promise.all(
      partitions.map(async (pin) => {
        const pointer = (await count.ports.leases.read(pin))?.pointer;
        if (pointer === undefined) throw new Error(`pin ${pin} has no snapshot`);
        const manifest = await loadSnapshot({ objects: count.ports.objects, pointer });
        return manifest.stores[storeKey("counts", pin)]?.changelog.next ?? -1;
      }),
    );
  }

  const inputAt = (count: CountApp, positions: readonly (Position | undefined)[]) =>
    partitions.map((partition) => positions[partition]?.inputs[partitionKey(`${count.app.id}-in`, partition)]);
  const lowestFetched = (machine: Machine, topic: string) =>
    partitions.map((partition) => Math.min(...(machine.recording.fetched.get(partitionKey(topic, partition)) ?? [])));

  describe.concurrent("a count that lost its workers", () => {
    test("goes on from the snapshot and the changelog's tail, and reads no input again", async () => {
      const count = await CountApp.create({ bootstrap: kafka.bootstrap, s3, dynamodb });
      await count.write(20_000);
      await new Machine(count).runUntilIdle();
      await count.write(600);
      await new Machine(count).runThenDie();
      const [positions, snapshots] = [await count.positions(), await snapshotEnds(count)];
      for (const [pin, next] of snapshots.entries()) {
        expect(
          positions[pin]?.changelogs[partitionKey(count.changelogTopic, pin)],
          `pin ${pin} has a tail`,
        ).toBeGreaterThan(next);
      }
      await count.write(400);

      const machine = new Machine(count);
      await machine.runUntilIdle();

      expect(lowestFetched(machine, `${count.app.id}-in`), "input is read from the position on").toEqual(
        inputAt(count, positions),
      );
      expect(lowestFetched(machine, count.changelogTopic), "the changelog is read from the snapshot on").toEqual(
        snapshots,
      );
      expect(machine.errors).toEqual([]);
      expect(await count.violations()).toEqual([]);
      await count.close();
    });

    test("rebuilds its state from the changelog's start when the snapshot is too old to know deleted keys", async () => {
      const count = await CountApp.create({ bootstrap: kafka.bootstrap, s3, dynamodb });
      // delete.retention.ms is seven days: after half of it tombstones in the tail may be gone
      const fourDaysAgo = { clockAheadMs: -4 * DAY_MS };
      await count.write(3_000);
      await new Machine(count, fourDaysAgo).runUntilIdle();
      await count.write(300);
      await new Machine(count, fourDaysAgo).runThenDie();
      const positions = await count.positions();
      await count.write(300);

      const machine = new Machine(count);
      await machine.runUntilIdle();

      expect(lowestFetched(machine, count.changelogTopic)).toEqual(partitions.map(() => 0));
      expect(lowestFetched(machine, `${count.app.id}-in`)).toEqual(inputAt(count, positions));
      expect(machine.errors).toEqual([]);
      expect(await count.violations()).toEqual([]);
      await count.close();
    });

    test("goes on when the lease table was lost: epochs rise above all that were ever used", async () => {
      const count = await CountApp.create({ bootstrap: kafka.bootstrap, s3, dynamodb });
      await count.write(3_000);
      await new Machine(count).runUntilIdle();
      await count.write(300);
      await new Machine(count).runThenDie();
      const before = await count.positions();
      const table = `${count.places.table}-new`;
      await ensureTable(table, awsSettings(dynamodb));
      const leases = createDynamoDbLeaseTable({ table, app: count.app.id, generation: 1, aws: awsSettings(dynamodb) });
      await count.write(300);

      const machine = new Machine(count, { leases });
      await machine.runUntilIdle();

      expect(lowestFetched(machine, `${count.app.id}-in`)).toEqual(inputAt(count, before));
      for (const [pin, position] of (await count.positions()).entries()) {
        expect(position?.epoch, `epoch of pin ${pin}`).toBeGreaterThan(before[pin]?.epoch ?? 0);
      }
      expect(machine.errors).toEqual([]);
      expect(await count.violations()).toEqual([]);
      await count.close();
    });
  });

  // a minute of waiting for the broker to forget: with CI=true only
  test.skipIf(!process.env["CI"])(
    "a count that was idle for longer than the broker remembers its offsets and transactional ids goes on where it was",
    async () => {
      const positions = await idle.positions();
      const inputs = partitions.map((partition) => ({ topic: `${idle.app.id}-in`, partition }));
      const groupOffsets = async () => [...(await idle.ports.log.committed(idle.app.id, inputs)).values()];
      await expectWithin(120_000, async () => (await groupOffsets()).every((offset) => offset === undefined));
      await idle.write(500);

      const machine = new Machine(idle);
      await machine.runUntilIdle();

      for (const pin of partitions) {
        const id = `${idle.app.id}-${pin}`;
        const [before, after] = [beforeIdle, machine].map(({ recording }) => recording.producerIds.get(id)?.at(-1));
        expect(after, `the broker had forgotten the transactional id of pin ${pin}`).not.toBe(before);
      }
      expect(lowestFetched(machine, `${idle.app.id}-in`)).toEqual(inputAt(idle, positions));
      expect(machine.errors).toEqual([]);
      expect(await idle.violations()).toEqual([]);
      expect(await groupOffsets(), "the mirror is back").toEqual(inputAt(idle, await idle.positions()));
    },
  );
});

async function expectWithin(limitMs: number, done: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + limitMs;
  while (!(await done())) {
    if (performance.now() > giveUpAtMs) throw new Error(`not within ${limitMs / 1_000} s`);
    await sleep(500);
  }
}
