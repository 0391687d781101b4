import { existsSync } from "node:fs";
import { defineConfig } from "vitest/config";

/** Starts the servers of the integration tests, or says why they are skipped. */
const servers = "./test/support/servers/global-setup.ts";

/** One project per suite of `npm test` (types have their own, in test/types); the limits are for a busy two-core machine, not a goal. */
export default defineConfig({
  test: {
    pool: "forks",
    // by default one core is left idle, half of a machine with two
    maxWorkers: "100%",
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.{ts,js}", "test/property/**/*.test.ts", "test/golden/**/*.test.ts"],
          // Generated inputs are the same in every run; PROPERTY_SEED=N looks elsewhere.
          setupFiles: ["./test/support/property-seed.ts"],
          // Nothing here replaces modules or keeps state in them: files of a worker share what they import, half of the time.
          isolate: false,
          testTimeout: 40_000,
        },
      },
      {
        extends: true,
        test: { name: "sim", include: ["test/sim/**/*.test.ts"], testTimeout: 180_000 },
      },
      {
        extends: true,
        test: { name: "conformance", include: ["test/conformance/**/*.test.ts"], testTimeout: 30_000, isolate: false },
      },
      {
        extends: true,
        test: { name: "program", include: ["test/program/**/*.test.ts"], testTimeout: 180_000, hookTimeout: 180_000 },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: existsSync(servers) ? [servers] : [],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
