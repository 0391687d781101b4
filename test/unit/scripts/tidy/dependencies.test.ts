import { expect, test } from "vitest";
import { checkDependencies } from "../../../../scripts/tidy/dependencies.ts";

type Locked = Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }>;

function messages(dependencies: Record<string, string>, packages: Locked = {}): string[] {
  const problems = checkDependencies(JSON.stringify({ dependencies }), JSON.stringify({ packages }));
  return problems.map(({ path, message }) => `${path}: ${message.split(":")[0]}`);
}

test.for(["1.2.3", "1.2.3-beta.4", "npm:osls@4.3.1", "npm:@scope/name@1.0.0"])("version %s is exact", (version) => {
  expect(messages({ a: version })).toEqual([]);
});

test.for(["^1.2.3", "~1.2.3", "1.2", "latest", "*", "npm:osls@^4.3.1", "file:../a"])("version %s is not", (version) => {
  expect(messages({ a: version })).toHaveLength(1);
});

test("a lock file that names a registry is refused", () => {
  const packages = { "node_modules/a": { resolved: "https://registry.example/a.tgz" } };
  expect(messages({}, packages)).toEqual(["package-lock.json: node_modules/a names a host"]);
});

test("a lock file without the binaries of other platforms is refused", () => {
  const a = { optionalDependencies: { "@a/linux": "1.0.0", "@a/darwin": "1.0.0" } };
  const linux = { "node_modules/a": a, "node_modules/@a/linux": {} };
  expect(messages({}, linux)).toEqual(["package-lock.json: node_modules/a lacks @a/darwin"]);
  expect(messages({}, { ...linux, "node_modules/a/node_modules/@a/darwin": {} })).toEqual([]);
});
