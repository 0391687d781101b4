import { defineConfig } from "vitest/config";

/** The suite `types`: nothing runs, tsc judges. Apart from the other suites because vitest announces it on every run. */
export default defineConfig({
  test: {
    name: "types",
    include: [],
    typecheck: {
      enabled: true,
      only: true,
      checker: "tsc",
      include: ["test/types/**/*.test-d.ts"],
      tsconfig: "./test/types/tsconfig.json",
    },
  },
});
