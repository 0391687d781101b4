import type { PinPlan } from "../application/plan.ts";
import { StreamError } from "../core/errors.ts";
import { type PartitionKey, partitionKey } from "../core/ids.ts";
import type { Log } from "../ports/log.ts";

/**
 * Asserts that no transaction is open in the partitions that only this pin writes, its positions and its changelogs.
 *
 * InitProducerId has finished the last one: the broker promises it, and what follows stands on it. If it did not, the newest
 * position is hidden, and our next commit would commit what was aborted. Brokers have broken the promise: Kafka 4.1 to 4.3
 * forget to end a transaction in a partition that has no leader at that moment (KAFKA-20734), and brokers before 3.6 let a
 * late Produce open one. Nothing of ours can repair it safely, so the pin waits for a person.
 *
 * @returns where these partitions end: while the pin is ours, nobody else moves that
 * @throws {StreamError} `TRANSACTION_HANGING` naming the partition; trying again is right, once it was ended by hand
 */
export async function assertNothingOpen(
  log: Log,
  positionsTopic: string,
  plan: PinPlan,
): Promise<ReadonlyMap<PartitionKey, number>> {
  const positions = { topic: positionsTopic, partition: plan.pin };
  const partitions = [
    positions,
    ...plan.tasks.flatMap(({ changelogs }) => changelogs.filter(({ isSource }) => !isSource)),
  ];
  // Side by side: nobody else writes, so what one finds does not change while the other asks.
  const [stable, ends] = await Promise.all([log.offsets(partitions, "lso"), log.offsets(partitions, "hw")]);
  for (const { topic, partition } of partitions) {
    const key = partitionKey(topic, partition);
    const [from, end] = [stable.get(key) ?? 0, ends.get(key) ?? 0];
    if (from >= end) continue;
    throw new StreamError(
      "TRANSACTION_HANGING",
      `${topic}-${partition} has a transaction at ${from} that its broker never ended, although pin ${plan.pin} has asked it to: going on could lose or repeat records; look at it with kafka-transactions.sh --bootstrap-server HOST:PORT find-hanging, and end it with: abort --topic ${topic} --partition ${partition} --start-offset ${from}`,
      { details: { topic, partition, offset: from, end, pin: plan.pin } },
    );
  }
  return stable;
}
