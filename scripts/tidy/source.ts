import ts from "typescript";

/** Something that breaks a house rule, with the place and the way out. */
export interface Problem {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

/** A file of the repository: its path from the root with `/`, its text, and its tree when it is TypeScript. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile | undefined;
}

/** Parses what is TypeScript or JavaScript; other text only gets line rules. */
export function parseSource(path: string, text: string): Source {
  const isScript = /\.(ts|mts|mjs|js)$/.test(path);
  const tree = isScript ? ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) : undefined;
  return { path, text, tree };
}

/** One-based line of a position. */
export function lineOf(tree: ts.SourceFile, position: number): number {
  return tree.getLineAndCharacterOfPosition(position).line + 1;
}

/** Calls `visit` for a node and everything below, in the order of the text. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** A module that a file names in an import or a re-export. */
export interface ModuleReference {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
  /** Imported names; empty for a bare, a default-only or a namespace import. */
  readonly names: readonly string[];
}

/** Every static import, re-export, `import("…")` and `import("…")` type of a file. */
export function moduleReferences(tree: ts.SourceFile): ModuleReference[] {
  const found: ModuleReference[] = [];
  walk(tree, (node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined) return;
    found.push({ specifier: specifier.text, line: lineOf(tree, node.getStart(tree)), ...namesOf(node) });
  });
  return found;
}

function specifierOf(node: ts.Node): ts.StringLiteral | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return asLiteral(node.moduleSpecifier);
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? asLiteral(node.argument.literal) : undefined;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return asLiteral(node.arguments[0]);
  return undefined;
}

function asLiteral(node: ts.Node | undefined): ts.StringLiteral | undefined {
  return node !== undefined && ts.isStringLiteral(node) ? node : undefined;
}

function namesOf(node: ts.Node): { typeOnly: boolean; names: readonly string[] } {
  if (ts.isImportTypeNode(node)) return { typeOnly: true, names: [] };
  if (ts.isExportDeclaration(node)) return { typeOnly: node.isTypeOnly, names: [] };
  if (!ts.isImportDeclaration(node)) return { typeOnly: false, names: [] };
  const clause = node.importClause;
  const bindings = clause?.namedBindings;
  const elements = bindings !== undefined && ts.isNamedImports(bindings) ? [...bindings.elements] : [];
  const allTypes = elements.length > 0 && clause?.name === undefined && elements.every((element) => element.isTypeOnly);
  return {
    typeOnly: clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || allTypes,
    names: elements.map((element) => (element.propertyName ?? element.name).text),
  };
}
