import { posix } from "node:path";
import { assertComments } from "./assertions.ts";
import { exportedSymbols } from "./docstrings.ts";
import { type Example, freeNames } from "./examples.ts";
import { type Declared, doors, offeredNames, type ReadTree } from "./public-names.ts";

/** Names that examples may use beside those of lib; every example gets a copy of this file of its own. */
export const sharedNames = "test/support/example-names.ts";

/** A file that runs one example: one line of imports, then its lines as in the source file. */
export interface ExampleModule extends Example {
  /** Name of the generated file in its folder. */
  readonly file: string;
  readonly text: string;
  /** Name of its copy of `sharedNames`. */
  readonly namesFile: string;
}

/** Where the names of an example come from: the file itself, the public API, the shared names, its folder, all of lib. */
export function nameSources(path: string, paths: readonly string[], read: ReadTree): Map<string, Declared> {
  const folder = `${posix.dirname(path)}/`;
  const inFolder = paths.filter((other) => other.startsWith(folder));
  const order = [path, ...doors, sharedNames, ...inFolder, ...paths];
  const names = new Map<string, Declared>();
  for (const source of order) {
    for (const [name, declared] of offeredNames(source, read)) {
      if (!names.has(name)) names.set(name, source === sharedNames ? { path: sharedNames, name } : declared);
    }
  }
  return names;
}

/** Makes an example runnable: imports what it uses by name, checks what its comments say. `up` leads from it to the root. */
export function exampleModule(
  example: Example,
  { names, read, up }: { names: ReadonlyMap<string, Declared>; read: ReadTree; up: string },
): ExampleModule {
  const namesFile = `names__${fileName(example)}`;
  const imports = freeNames(example.code).flatMap((name) => {
    const declared = names.get(name);
    if (declared === undefined) return [];
    return [
      declared.path === sharedNames
        ? `import { ${name} } from "./${namesFile}";`
        : importOf(name, declared, { read, up }),
    ];
  });
  const header = [...imports, `import { __same, __throws } from "./assertions.ts";`, "export {};"].join(" ");
  return {
    ...example,
    file: fileName(example),
    namesFile,
    text: `${header}\n${assertComments(moveImports(example, up))}\n`,
  };
}

function fileName({ path, line }: Example): string {
  return `${path.replaceAll("/", "__").replace(/\.ts$/, "")}__${line}.ts`;
}

function importOf(name: string, declared: Declared, { read, up }: { read: ReadTree; up: string }): string {
  const tree = read(declared.path);
  const symbol = tree === undefined ? undefined : exportedSymbols(tree).find((other) => other.name === declared.name);
  const what = declared.name === name ? name : `${declared.name} as ${name}`;
  return `import ${symbol?.kind === "type" ? "type " : ""}{ ${what} } from "${up}${declared.path}";`;
}

/** Rewrites imports that a reader would write, of the package or of a neighbour file, to where the generated file is. */
export function moveImports({ path, code }: { path: string; code: string }, up: string): string {
  return code
    .replace(/(from\s+|import\s+)"millrace"/g, `$1"${up}lib/index.ts"`)
    .replace(/(from\s+|import\s+)"millrace\/(testing|runtime)"/g, `$1"${up}lib/$2/index.ts"`)
    .replace(/(from\s+|import\s+)"(\.\.?\/[^"]+)"/g, (_all, lead: string, specifier: string) => {
      return `${lead}"${up}${posix.normalize(posix.join(posix.dirname(path), specifier))}"`;
    });
}

/** What the generated modules import: equality by value (of a start, when text ends with …), and the code of a `StreamError`. */
export const assertionsModule = `import assert from "node:assert/strict";

export function __same(actual: unknown, expected: unknown): void {
  const isStart = typeof actual === "string" && typeof expected === "string" && expected.endsWith("…");
  if (isStart) assert.equal(\`\${actual.slice(0, expected.length - 1)}…\`, expected);
  else assert.deepEqual(actual, expected);
}

export async function __throws(run: () => unknown, code: string): Promise<void> {
  let result: unknown;
  try {
    result = await run();
  } catch (error) {
    if (code !== "") assert.equal((error as { code?: unknown }).code, code);
    return;
  }
  assert.fail(\`did not throw \${code}, but gave \${String(result)}\`);
}
`;
