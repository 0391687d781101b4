import { posix } from "node:path";
import { type ModuleReference, moduleReferences, type Problem, type Source } from "./source.ts";

/** Rows of lib, from the ground up (docs/ARCHITECTURE.md, "Parts and layout"): a file imports its own row and rows before it. */
const rows: readonly (readonly string[])[] = [
  ["core"],
  ["records"],
  ["ports"],
  ["serde"],
  ["config"],
  ["state"],
  ["topology"],
  ["operators"],
  ["dsl"],
  ["application"],
  ["lease", "snapshot", "scaling"],
  ["task"],
  ["worker", "query"],
  ["adapters"],
  ["testing"],
  ["runtime"],
  ["cli", "console"],
  ["index.ts"],
];

/** Folders of one row that never import each other. */
const strangers = new Set(["lease", "snapshot", "scaling"]);

/** Adapters that `lib/testing` may stand on: none of them brings an SDK into a user's tests. */
const adaptersForTesting = new Set(["memory", "file", "system", "process", "in-process"]);

/** Top folders and which others each may import from. Tests and benches may import anything but each other. */
const topFolders: Readonly<Record<string, readonly string[]>> = {
  lib: ["lib"],
  functions: ["functions", "lib"],
  examples: ["examples", "functions", "lib"],
  scripts: ["scripts"],
  bench: ["bench", "lib", "functions", "examples", "test", "scripts"],
  test: ["test", "lib", "functions", "examples", "bench", "scripts"],
};

/** Where a package may be imported; the first pattern that fits decides. Other packages are not for lib or functions. */
const packageHomes: readonly { readonly pattern: RegExp; readonly homes: readonly string[]; readonly why: string }[] = [
  { pattern: /^zod(\/|$)/, homes: ["lib/config/", "functions/"], why: "schemas are checked at the edge, once" },
  { pattern: /^@middy\//, homes: ["functions/"], why: "middy is how functions are wired" },
  { pattern: /^aws-lambda$/, homes: ["functions/", "lib/adapters/lambda/"], why: "events of AWS end at the edge" },
  {
    pattern: /^(kafkajs|@aws-sdk\/|@smithy\/|aws-msk-iam-sasl-signer-js$)/,
    homes: ["lib/adapters/"],
    why: "an SDK stays behind its port",
  },
];

/** Imports that cross a row, leave their place, or cannot be resolved by Node. `exists` answers for paths from the root. */
export function checkLayers(source: Source, exists: (path: string) => boolean): Problem[] {
  if (source.tree === undefined) return [];
  const problems: Problem[] = [];
  for (const reference of moduleReferences(source.tree)) {
    const message = reference.specifier.startsWith(".")
      ? relativeFault(source.path, reference, exists)
      : packageFault(source.path, reference.specifier);
    if (message !== undefined) problems.push({ path: source.path, line: reference.line, rule: "layers", message });
  }
  return problems;
}

function relativeFault(path: string, { specifier }: ModuleReference, exists: (path: string) => boolean) {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (!/\.(ts|mts|mjs|js|json)$/.test(specifier)) return `write the extension of "${specifier}": Node does not guess`;
  if (!exists(target)) return `"${specifier}" names no file (${target})`;
  const [from = "", to = ""] = [path.split("/")[0], target.split("/")[0]];
  const allowed = topFolders[from];
  if (allowed !== undefined && to in topFolders && !allowed.includes(to)) return `${from}/ does not import from ${to}/`;
  return from === "lib" && to === "lib" ? rowFault(path.slice(4), target.slice(4)) : undefined;
}

function rowFault(from: string, to: string): string | undefined {
  const [fromPart = "", fromFolder = ""] = from.split("/");
  const [toPart = "", toFolder = ""] = to.split("/");
  const [fromRow, toRow] = [rowOf(fromPart), rowOf(toPart)];
  if (fromRow === -1) return `lib/${fromPart} has no row: add it to scripts/tidy/layers.ts and docs/ARCHITECTURE.md`;
  if (toRow > fromRow) return `lib/${fromPart} stands before lib/${toPart}: imports go to earlier rows only`;
  if (fromPart !== toPart && strangers.has(fromPart) && strangers.has(toPart)) {
    return `lib/${fromPart} and lib/${toPart} do not know each other: move what they share to a row above both`;
  }
  if (toPart !== "adapters" || fromFolder === toFolder) return undefined;
  // the log in a folder is the log in memory with a journal
  if (fromPart === "adapters" && fromFolder === "file" && toFolder === "memory") return undefined;
  if (fromPart === "adapters") return `an adapter imports only its own folder, not adapters/${toFolder}`;
  if (fromPart === "testing" && !adaptersForTesting.has(toFolder)) {
    return `lib/testing is loaded by users' tests: no adapters/${toFolder} there`;
  }
  return undefined;
}

function rowOf(part: string): number {
  return rows.findIndex((row) => row.includes(part));
}

function packageFault(path: string, specifier: string): string | undefined {
  if (!path.startsWith("lib/") && !path.startsWith("functions/")) return undefined;
  if (specifier.startsWith("node:")) return undefined;
  const home = packageHomes.find(({ pattern }) => pattern.test(specifier));
  if (home === undefined) return `${specifier} is not a dependency of the published code`;
  if (home.homes.some((folder) => path.startsWith(folder))) return undefined;
  return `${specifier} is imported only in ${home.homes.join(" and ")}: ${home.why}`;
}
