import ts from "typescript";
import { lineOf, moduleReferences, type Problem, type Source, walk } from "./source.ts";

/** Globals that make a run unrepeatable, with what to use instead. */
const bannedGlobals: Readonly<Record<string, string>> = {
  Date: "the Clock port",
  performance: "the Clock port",
  setTimeout: "the Clock port",
  setInterval: "the Clock port",
  setImmediate: "the Clock port",
  clearTimeout: "the Clock port",
  clearInterval: "the Clock port",
  process: "a setting or a port",
  console: "the Logger port",
  fetch: "a port",
  crypto: "the Random port",
};

/** Members of allowed globals and modules that are banned all the same. */
const bannedMembers: Readonly<Record<string, string>> = { "Math.random": "the Random port" };

/** Modules that reach the outside world. Synchronous zlib, buffer and hashes are fine. */
const bannedModule =
  /^node:(fs|fs\/promises|net|http|https|http2|tls|dns|dgram|child_process|worker_threads|cluster|timers|timers\/promises|perf_hooks|os|process|readline|readline\/promises|repl|inspector)$/;

/** What is exempt where: adapters are the edge, the command line owns the process, the console serves a page. */
function exemptGlobals(path: string): "all" | "all but process" | "none" {
  if (path.startsWith("lib/adapters/") || path.startsWith("lib/cli/")) return "all";
  return path.startsWith("lib/console/") ? "all but process" : "none";
}

/** Uses of the outside world in lib that bypass a port. */
export function checkGlobals(source: Source): Problem[] {
  const { path, tree } = source;
  const exempt = exemptGlobals(path);
  if (tree === undefined || !path.startsWith("lib/") || exempt === "all") return [];
  const problems: Problem[] = [];
  const report = (node: ts.Node, name: string, instead: string) => {
    const line = lineOf(tree, node.getStart(tree));
    problems.push({ path, line, rule: "globals", message: `no ${name} in lib: use ${instead}` });
  };
  walk(tree, (node) => {
    if (!ts.isIdentifier(node) || !isValueUse(node)) return;
    if (exempt === "all but process" && node.text !== "process") return;
    const instead = bannedGlobals[node.text];
    if (instead !== undefined && Object.hasOwn(bannedGlobals, node.text) && !isDeclared(node))
      report(node, node.text, instead);
    const member = ts.isPropertyAccessExpression(node.parent) ? `${node.text}.${node.parent.name.text}` : "";
    const insteadOfMember = bannedMembers[member];
    if (insteadOfMember !== undefined && !isDeclared(node)) report(node, member, insteadOfMember);
  });
  if (exempt === "none") problems.push(...checkModules(source, tree));
  return problems;
}

function checkModules({ path }: Source, tree: ts.SourceFile): Problem[] {
  const problems: Problem[] = [];
  for (const { specifier, line, names, typeOnly } of moduleReferences(tree)) {
    if (typeOnly) continue;
    const random = specifier === "node:crypto" ? names.filter((name) => /random/i.test(name)) : [];
    const what = bannedModule.test(specifier) ? specifier : random[0];
    if (what !== undefined) problems.push({ path, line, rule: "globals", message: `no ${what} in lib: use a port` });
  }
  return problems;
}

/** False for names of members, keys, labels and types: only a read of the variable itself counts. */
function isValueUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return false;
  if (isNamed(parent) && parent.name === node) return false;
  return !ts.isImportSpecifier(parent) && !ts.isExportSpecifier(parent) && !ts.isLabeledStatement(parent);
}

function isNamed(node: ts.Node): node is ts.Node & { name: ts.Node } {
  return "name" in node && !ts.isShorthandPropertyAssignment(node);
}

/** True when a scope around the identifier declares its name, so that it is not the global. */
function isDeclared(identifier: ts.Identifier): boolean {
  for (let scope: ts.Node | undefined = identifier.parent; scope !== undefined; scope = scope.parent) {
    if (declaredIn(scope).includes(identifier.text)) return true;
  }
  return false;
}

function declaredIn(scope: ts.Node): string[] {
  if (ts.isFunctionLike(scope)) return scope.parameters.flatMap((parameter) => bindingNames(parameter.name));
  if (ts.isForStatement(scope) || ts.isForOfStatement(scope) || ts.isForInStatement(scope)) {
    const { initializer } = scope;
    return initializer !== undefined && ts.isVariableDeclarationList(initializer) ? listNames(initializer) : [];
  }
  if (ts.isCatchClause(scope)) return scope.variableDeclaration ? bindingNames(scope.variableDeclaration.name) : [];
  const hasStatements = ts.isSourceFile(scope) || ts.isBlock(scope) || ts.isCaseOrDefaultClause(scope);
  return hasStatements ? scope.statements.flatMap(statementNames) : [];
}

function statementNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) return listNames(statement.declarationList);
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
    return statement.name ? [statement.name.text] : [];
  if (!ts.isImportDeclaration(statement)) return [];
  const clause = statement.importClause;
  const bindings = clause?.namedBindings;
  const named =
    bindings === undefined
      ? []
      : ts.isNamespaceImport(bindings)
        ? [bindings.name.text]
        : bindings.elements.map((e) => e.name.text);
  return clause?.name === undefined ? named : [clause.name.text, ...named];
}

function listNames(list: ts.VariableDeclarationList): string[] {
  return list.declarations.flatMap((declaration) => bindingNames(declaration.name));
}

function bindingNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : bindingNames(element.name)));
}
