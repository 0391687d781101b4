/**
 * The Kafka rights of docs/deploy.md, on a broker that wants TLS, SCRAM and a right for everything: together they are enough
 * for each function; each one that is taken away is missed by name.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKafkaLog } from "../../lib/adapters/kafka/kafka-log.ts";
import type { Log } from "../../lib/ports/log.ts";
import { describeWithServers } from "../support/servers/describe.ts";
import { grantRights, type Right, rightText } from "../support/servers/kafka-rights.ts";
import { type SecuredKafka, startSecuredKafka } from "../support/servers/secured-kafka.ts";
import { type User, users, WordsRun } from "./security/words-run.ts";

type Row = readonly [Right["resource"], name: string, Right["pattern"], ...Right["operation"][]];

/** What docs/deploy.md lists, for application `<id>` that reads `in-<id>` and writes `out-<id>`. */
function documented(id: string): readonly Right[] {
  const [source, sink] = [`in-${id}`, `out-${id}`];
  const table: Readonly<Record<User, readonly Row[]>> = {
    worker: [
      ["TOPIC", source, "literal", "READ"],
      ["TOPIC", sink, "literal", "WRITE"],
      ["TOPIC", `${id}-`, "prefixed", "READ", "WRITE", "DELETE"],
      ["TRANSACTIONAL_ID", `${id}-`, "prefixed", "WRITE"],
      ["GROUP", id, "literal", "READ"],
    ],
    coordinator: [
      ["TOPIC", source, "literal", "DESCRIBE"],
      ["TOPIC", sink, "literal", "DESCRIBE"],
      ["TOPIC", `${id}-`, "prefixed", "READ", "CREATE"],
    ],
    query: [
      ["TOPIC", source, "literal", "DESCRIBE"],
      ["TOPIC", sink, "literal", "DESCRIBE"],
      ["TOPIC", `${id}-`, "prefixed", "READ"],
    ],
  };
  return users.flatMap((user) =>
    table[user].flatMap(([resource, name, pattern, ...operations]) =>
      operations.map((operation) => ({ user, resource, name, pattern, operation })),
    ),
  );
}

/** How it shows that a right is missing: as an error that names operation and resource, or as a warning. */
type Symptom = readonly [operation: string, resource: string] | "mirror-failed" | "purge-failed";

/** What is missed when one right of `documented` is taken away. A topic on which nothing is left is not even described. */
const symptoms = (id: string): readonly (readonly [right: string, Symptom])[] => [
  [`worker: Read on topic in-${id}`, ["Describe", `topic in-${id}`]],
  [`worker: Write on topic out-${id}`, ["Describe", `topic out-${id}`]],
  [`worker: Read on topic ${id}-*`, ["Read", `topic ${id}-`]],
  [`worker: Write on topic ${id}-*`, ["Write", `topic ${id}-`]],
  [`worker: Delete on topic ${id}-*`, "purge-failed"],
  [`worker: Write on transactional id ${id}-*`, ["Write", `transactional id ${id}-`]],
  [`worker: Read on group ${id}`, "mirror-failed"],
  [`coordinator: Describe on topic in-${id}`, ["Describe", `topic in-${id}`]],
  [`coordinator: Describe on topic out-${id}`, ["Describe", `topic out-${id}`]],
  [`coordinator: Read on topic ${id}-*`, ["Describe", `topic ${id}-`]],
  [`coordinator: Create on topic ${id}-*`, ["Create", `topic ${id}-`]],
  [`query: Describe on topic in-${id}`, ["Describe", `topic in-${id}`]],
  [`query: Describe on topic out-${id}`, ["Describe", `topic out-${id}`]],
  [`query: Read on topic ${id}-*`, ["Describe", `topic ${id}-`]],
];
const titles = symptoms("<app>").map(([right], index) => [right, index] as const);

describeWithServers("Kafka rights", () => {
  let broker: SecuredKafka;
  let admin: Log;
  const runs: WordsRun[] = [];

  /** Connects, over TLS, with SCRAM. */
  const logAs = (username: User, password: string = username): Promise<Log> =>
    createKafkaLog({
      brokers: [broker.bootstrap],
      ssl: { ca: [broker.authorityPem] },
      sasl: { mechanism: "scram-sha-512", username, password },
    });

  /** An application with its topics, some words, and the documented rights that `keep` leaves. */
  async function deployed(id: string, keep: (right: Right) => boolean = () => true): Promise<WordsRun> {
    const run = new WordsRun(id, { admin, logAs });
    runs.push(run);
    await grantRights(broker.plain, documented(id).filter(keep));
    await run.writeWords();
    return run;
  }

  beforeAll(async () => {
    broker = await startSecuredKafka({ users: users.map((name) => ({ name, password: name })) });
    admin = await createKafkaLog({ brokers: [broker.plain] });
  });

  afterAll(async () => {
    for (const run of runs) await run.close();
    await admin?.close();
    await broker?.stop();
  });

  test("are enough for coordinator, worker and query, the mirror and the purge included", async () => {
    const run = await deployed("words");
    expect(await run.untilIdle()).toEqual([]);
    expect(run.lines).toEqual([]);
    const mirrored = await admin.committed("words", [{ topic: "in-words", partition: 0 }]);
    expect([...mirrored.values()]).not.toContain(undefined);
    const repartition = [0, 1].map((partition) => ({ topic: "words-counts-repartition", partition }));
    const starts = [...(await admin.offsets(repartition, "earliest")).values()];
    expect(Math.max(...starts)).toBeGreaterThan(0);
    for (const freshness of ["committed", "snapshot"] as const) {
      expect(await run.countOf("two", freshness)).toBe(2);
    }
  });

  test("are each taken away below", () => {
    expect(titles.map(([right]) => right)).toEqual(documented("<app>").map(rightText));
  });

  test.concurrent.for(titles)("one less: %s", async ([, index]) => {
    const id = `words${index}`;
    const [absent = "", symptom = "purge-failed"] = symptoms(id)[index] ?? [];
    const run = await deployed(id, (right) => rightText(right) !== absent);
    const failures = await run.untilIdle();
    if (absent.startsWith("query")) failures.push(await run.countOf("two").catch((error: unknown) => error));
    if (typeof symptom === "string") {
      expect(failures).toEqual([]);
      expect(run.lines.join()).toContain(symptom);
      return;
    }
    const [operation, resource] = symptom;
    expect(failures[0]).toMatchObject({
      code: "ACCESS_DENIED",
      advice: "grant-access",
      message: expect.stringContaining(resource),
      details: { operation, resource: expect.stringContaining(resource) },
    });
  });

  test("leave a worker no topics to create", async () => {
    const log = await logAs("worker");
    const created = log.createTopics([{ name: "words-more", partitions: 1, replicas: 1, configs: {} }]);
    await expect(created).rejects.toMatchObject({
      code: "ACCESS_DENIED",
      details: { operation: "Create", resource: "topic words-more" },
    });
    await log.close();
  });

  test("leave a query nothing to write with", async () => {
    const log = await logAs("query");
    const options = { transactionalId: "words-0", transactionTimeoutMs: 10_000, deadlineMs: 10_000 };
    await expect(log.transactor(options)).rejects.toMatchObject({
      code: "ACCESS_DENIED",
      details: { operation: "Write", resource: "transactional id words-0" },
    });
    await log.close();
  });
});
