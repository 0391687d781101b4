import ts from "typescript";

/**
 * Turns `expression; // 6` into a check that the expression equals the literal, and `expression; // throws CODE` into a
 * check that it throws, line for line. A comment that is neither stays a comment.
 */
export function assertComments(code: string): string {
  const tree = ts.createSourceFile("example.ts", code, ts.ScriptTarget.Latest, true);
  const edits = tree.statements.flatMap((statement) => editOf(tree, statement));
  return edits.reduceRight((text, { start, end, with: by }) => text.slice(0, start) + by + text.slice(end), code);
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly with: string;
}

function editOf(tree: ts.SourceFile, statement: ts.Statement): Edit[] {
  const comment = trailingComment(tree, statement);
  if (comment === undefined) return [];
  const [start, end] = [statement.getStart(tree), statement.end];
  const declared = declaredName(statement);
  if (declared !== undefined && isLiteralText(comment))
    return [{ start: end, end, with: ` __same(${declared}, ${comment});` }];
  if (!ts.isExpressionStatement(statement)) return [];
  const expression = statement.expression.getText(tree);
  const code = /^throws(?: ([A-Z_]+))?$/.exec(comment);
  const isAwaited = ts.isAwaitExpression(statement.expression);
  if (code !== null) {
    const call = `__throws(${isAwaited ? "async " : ""}() => (${expression}), ${JSON.stringify(code[1] ?? "")});`;
    return [{ start, end, with: isAwaited ? `await ${call}` : `void ${call}` }];
  }
  return isLiteralText(comment) ? [{ start, end, with: `__same((${expression}), ${comment});` }] : [];
}

function trailingComment(tree: ts.SourceFile, statement: ts.Statement): string | undefined {
  const [range] = ts.getTrailingCommentRanges(tree.text, statement.end) ?? [];
  if (range === undefined) return undefined;
  const text = tree.text.slice(range.pos, range.end);
  return text
    .replace(/^\/\/\s*/, "")
    .replace(/^(=>|→)\s*/, "")
    .trim();
}

function declaredName(statement: ts.Statement): string | undefined {
  if (!ts.isVariableStatement(statement)) return undefined;
  const [declaration, second] = statement.declarationList.declarations;
  return second === undefined && declaration !== undefined && ts.isIdentifier(declaration.name)
    ? declaration.name.text
    : undefined;
}

/** True when the text is one literal: number, text, bigint, true, false, null, undefined, or arrays and objects of them. */
export function isLiteralText(text: string): boolean {
  const tree = ts.createSourceFile("literal.ts", `(${text});`, ts.ScriptTarget.Latest, true);
  const [statement, second] = tree.statements;
  if (statement === undefined || second !== undefined || !ts.isExpressionStatement(statement)) return false;
  if (syntaxErrors(text) || !ts.isParenthesizedExpression(statement.expression)) return false;
  return isLiteral(statement.expression.expression);
}

function syntaxErrors(text: string): boolean {
  const { diagnostics } = ts.transpileModule(`(${text});`, { reportDiagnostics: true });
  return (diagnostics ?? []).length > 0;
}

function isLiteral(node: ts.Expression): boolean {
  if (ts.isNumericLiteral(node) || ts.isStringLiteralLike(node) || ts.isBigIntLiteral(node)) return true;
  if (ts.isPrefixUnaryExpression(node)) return node.operator === ts.SyntaxKind.MinusToken && isLiteral(node.operand);
  if (ts.isArrayLiteralExpression(node)) return node.elements.every(isLiteral);
  if (ts.isObjectLiteralExpression(node)) {
    return node.properties.every((property) => ts.isPropertyAssignment(property) && isLiteral(property.initializer));
  }
  if (ts.isIdentifier(node)) return ["undefined", "NaN", "Infinity"].includes(node.text);
  return [ts.SyntaxKind.TrueKeyword, ts.SyntaxKind.FalseKeyword, ts.SyntaxKind.NullKeyword].includes(node.kind);
}
