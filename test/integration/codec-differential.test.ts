import { describe, expect, inject, test } from "vitest";
import { compressionCodecs } from "../../lib/records/batch.ts";
import { startKafka } from "../support/servers/kafka.ts";
import { runDifferential } from "./differential/run.ts";

/** DIFFERENTIAL_LOGS=2000 compares more; DIFFERENTIAL_SEED=N DIFFERENTIAL_LOGS=1 repeats the log of a mismatch. */
const logs = Number(process.env["DIFFERENTIAL_LOGS"] ?? (process.env["CI"] ? 200 : 40));
const seed = Number(process.env["DIFFERENTIAL_SEED"] ?? Math.floor(Math.random() * 1_000_000));

/** What every run of some size must have met. */
const kinds = [...compressionCodecs, "marker", "empty", "thinned"];

const servers = inject("servers");

describe.skipIf(servers.kind === "missing")("the codec beside Kafka's own clients", () => {
  test(`reads and writes ${logs} generated logs as they do (seed ${seed})`, {
    timeout: 120_000 + logs * 2_000,
  }, async () => {
    const server = await startKafka({
      properties: { "log.cleaner.backoff.ms": 100, "log.index.size.max.bytes": 65_536 },
    });
    try {
      const report = await runDifferential({ bootstrap: server.bootstrap, logs, seed });
      const { mismatches, seen, reads, records } = report;
      process.stdout.write(`seed ${seed}: ${logs} logs, ${reads} reads, ${records} records, ${JSON.stringify(seen)}\n`);
      expect(mismatches).toEqual([]);
      if (logs >= 50) expect(Object.keys(seen)).toEqual(expect.arrayContaining(kinds));
    } finally {
      await server.stop();
    }
  });
});
