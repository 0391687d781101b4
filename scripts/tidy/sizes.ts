import ts from "typescript";
import { lineOf, type Problem, type Source, walk } from "./source.ts";

const maxFileLines = 400;
const maxHandlerLines = 60;
const maxFunctionLines = 50;
const maxParameters = 3;
const maxHotParameters = 6;

/** `@hotPath <reason>` in a docstring: called per record, where an options object would be an allocation. */
const hotPath = /@hotPath[ \t]+[a-z]/i;

/** Files, handlers, functions and parameter lists that have grown too long. */
export function checkSizes(source: Source): Problem[] {
  const { path, text, tree } = source;
  if (tree === undefined) return [];
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const problems: Problem[] = [];
  const limit = /^functions\/[^/]+\.ts$/.test(path) ? maxHandlerLines : maxFileLines;
  if (lines > limit) {
    problems.push({ path, line: limit, rule: "sizes", message: `${lines} lines, at most ${limit}: one idea a file` });
  }
  if (!path.startsWith("lib/")) return problems;
  walk(tree, (node) => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined)
      problems.push(...functionFaults(source, tree, node));
  });
  return problems;
}

function functionFaults({ path, text }: Source, tree: ts.SourceFile, node: ts.SignatureDeclaration): Problem[] {
  const line = lineOf(tree, node.getStart(tree));
  const lines = lineOf(tree, node.end) - line + 1;
  const name = node.name !== undefined ? node.name.getText(tree) : "a function";
  const parameters = node.parameters.filter((parameter) => parameter.name.getText(tree) !== "this").length;
  const problems: Problem[] = [];
  if (lines > maxFunctionLines) {
    const message = `${name} has ${lines} lines, at most ${maxFunctionLines}: split it, or make its parts a class`;
    problems.push({ path, line, rule: "sizes", message });
  }
  const isHot = hotPath.test(text.slice(node.pos, node.getStart(tree)));
  const allowed = isHot ? maxHotParameters : maxParameters;
  if (parameters > allowed) {
    const message = `${name} takes ${parameters} parameters, at most ${allowed}: then one options object (or @hotPath and why)`;
    problems.push({ path, line, rule: "sizes", message });
  }
  return problems;
}
