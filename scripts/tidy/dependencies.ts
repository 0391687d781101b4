import type { Problem } from "./source.ts";

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly resolved?: string; readonly optionalDependencies?: Readonly<Record<string, string>> }>
  >;
}

const remake = "make it again without node_modules: npm install --package-lock-only";

/**
 * Versions are exact, and the lock file serves every platform and every registry. npm leaves out the binaries of other
 * platforms when it writes a lock file beside a filled node_modules; `npm ci` then fails there, or everywhere.
 */
export function checkDependencies(manifestText: string, lockText: string): Problem[] {
  const manifest = JSON.parse(manifestText) as Manifest;
  const lock = JSON.parse(lockText) as Lock;
  const problems: Problem[] = [];
  const report = (path: string, message: string) => problems.push({ path, line: 1, rule: "dependencies", message });
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    if (!/^(npm:[\w@/.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
      report("package.json", `${name} is ${version}: pin one version`);
    }
  }
  const entries = Object.entries(lock.packages);
  const locked = new Set(entries.map(([path]) => path.split("node_modules/").at(-1)));
  for (const [path, entry] of entries) {
    if (entry.resolved?.startsWith("http")) report("package-lock.json", `${path} names a host: ${remake}`);
    const missing = Object.keys(entry.optionalDependencies ?? {}).filter((name) => !locked.has(name));
    if (missing.length > 0) report("package-lock.json", `${path} lacks ${missing.join(", ")}: ${remake}`);
  }
  return problems;
}
