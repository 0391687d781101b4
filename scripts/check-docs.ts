/**
 * Docstrings are complete and true: every export of lib has a summary, what users call has an `@example`, and every
 * example compiles, runs and gives what its comments say (one titled "compiled only" does not run). `npm run docs` runs this; arguments choose files by a part of
 * their path.
 */
import { root } from "./child-process.ts";
import { checkDocstrings } from "./docs/docstrings.ts";
import { exampleModule, nameSources, sharedNames } from "./docs/example-module.ts";
import { extractExamples } from "./docs/examples.ts";
import { checkExamples } from "./docs/needs-example.ts";
import { runExamples, up } from "./docs/run-examples.ts";
import { ownFiles, readOwn } from "./tidy/repository.ts";
import { parseSource } from "./tidy/source.ts";

const wanted = process.argv.slice(2);
const paths = ownFiles(root, "lib").filter((path) => path.endsWith(".ts"));
const trees = new Map(paths.map((path) => [path, parseSource(path, readOwn(root, path)).tree]));
const sharedTree = parseSource(sharedNames, readOwn(root, sharedNames)).tree;
const read = (path: string) => (path === sharedNames ? sharedTree : trees.get(path));

const examples = paths.flatMap((path) => {
  const tree = read(path);
  return tree === undefined ? [] : extractExamples(path, tree);
});
const modules = examples
  .filter(({ path }) => isWanted(path))
  .map((example) => exampleModule(example, { names: nameSources(example.path, paths, read), read, up }));

const problems = [
  ...paths.flatMap((path) => {
    const tree = read(path);
    return tree === undefined ? [] : checkDocstrings(path, tree);
  }),
  ...checkExamples(paths, read),
  ...(await runExamples(root, modules)),
].filter(({ path }) => isWanted(path));

for (const { path, line, rule, message } of problems) process.stdout.write(`${path}:${line}  ${rule}: ${message}\n`);
process.stdout.write(`${paths.length} files, ${modules.length} examples, ${problems.length} problems\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function isWanted(path: string): boolean {
  return wanted.length === 0 || wanted.some((part) => path.includes(part));
}
