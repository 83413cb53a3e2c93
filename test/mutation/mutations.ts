import { type Node, type SourceFile, SyntaxKind } from "typescript/unstable/ast";
import {
  isAwaitExpression,
  isBinaryExpression,
  isCallExpression,
  isConditionalExpression,
  isExpressionStatement,
  isIfStatement,
  isNumericLiteral,
  isTemplateExpression,
  isTypeNode,
  isVoidExpression,
} from "typescript/unstable/ast/is";

export const KINDS = ["comparison", "constant", "dropped call", "dropped await", "swapped branch"] as const;
export type Kind = (typeof KINDS)[number];

/** One change of one source file. */
export interface Mutation {
  readonly kind: Kind;
  /** Relative to the repository. */
  readonly path: string;
  /** text[start, end) is replaced. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** The expression or statement that the change is in. */
  readonly around: Span;
}

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly isStatement: boolean;
}

/** All mutations of a file, in the order of their places. */
export function mutationsOf(path: string, source: SourceFile): Mutation[] {
  const { text } = source;
  const found: Mutation[] = [];
  const textOf = (node: Node): string => text.slice(node.getStart(source), node.end);
  const add = (kind: Kind, node: Node, replacement: string, whole = node): void => {
    const isStatement = isExpressionStatement(whole) || isIfStatement(whole);
    const around = { start: whole.getStart(source), end: whole.end, isStatement };
    found.push({ kind, path, start: node.getStart(source), end: node.end, replacement, around });
  };
  const visit = (node: Node): void => {
    // Types do not run; templates and log messages are for people.
    if (isTypeNode(node) || isTemplateExpression(node)) return;
    if (isCallExpression(node) && LOG_CALL.test(textOf(node.expression))) return;
    if (isBinaryExpression(node)) {
      const flipped = FLIPPED[textOf(node.operatorToken)];
      if (flipped !== undefined) add("comparison", node.operatorToken, flipped, node);
    } else if (isNumericLiteral(node)) {
      for (const changed of changedNumbers(textOf(node))) add("constant", node, changed);
    } else if (node.kind === SyntaxKind.TrueKeyword) {
      add("constant", node, "false");
    } else if (node.kind === SyntaxKind.FalseKeyword) {
      add("constant", node, "true");
    } else if (isExpressionStatement(node)) {
      if (isDroppable(node.expression, textOf)) add("dropped call", node, ";");
    } else if (isAwaitExpression(node)) {
      add("dropped await", node, textOf(node.expression));
    } else if (isIfStatement(node)) {
      const { expression, thenStatement, elseStatement } = node;
      const before = text.slice(node.getStart(source), expression.getStart(source));
      const between = text.slice(expression.end, thenStatement.getStart(source));
      // Braces keep an `else` with its `if`, and a declaration in its block.
      const [first, second] = [
        `{ ${elseStatement === undefined ? "" : textOf(elseStatement)} }`,
        textOf(thenStatement),
      ];
      add("swapped branch", node, `${before}${textOf(expression)}${between}${first} else { ${second} }`);
    } else if (isConditionalExpression(node)) {
      const { condition, whenTrue, whenFalse } = node;
      add("swapped branch", node, `${textOf(condition)} ? (${textOf(whenFalse)}) : (${textOf(whenTrue)})`);
    }
    node.forEachChild(visit);
  };
  visit(source);
  return found.filter(({ start, end, replacement }) => text.slice(start, end) !== replacement);
}

const LOG_CALL = /(?:^|[.#])(?:log|logger|console)\??\.(?:trace|debug|info|log|warn|error|fatal)$/;

const FLIPPED: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "===": "!==",
  "!==": "===",
};

/** An assertion that is left out shows nothing while nothing is wrong; a constructor needs its `super`. */
function isDroppable(statement: Node, textOf: (node: Node) => string): boolean {
  let expression = statement;
  while (isAwaitExpression(expression) || isVoidExpression(expression)) expression = expression.expression;
  return isCallExpression(expression) && !/^(?:assert|super)$/.test(textOf(expression.expression));
}

/** Small whole numbers are changed by one, large ones doubled and halved: a limit has not become another by one. */
function changedNumbers(literal: string): string[] {
  const value = Number(literal.replaceAll("_", ""));
  if (!Number.isFinite(value)) return [];
  if (value === 0) return ["1"];
  if (!Number.isInteger(value)) return [String(value * 2), String(value / 2)];
  const changed = value < 16 ? [value + 1, value - 1] : [value * 2, Math.floor(value / 2)];
  return changed.map(String);
}

/** A file's text with the mutation in it. */
export function apply(text: string, { start, end, replacement }: Mutation): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

/** How a mutation is told: the line it begins on, and what its lines held and hold, without their indentation. */
export interface Description {
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

export function describeMutation(text: string, mutation: Mutation): Description {
  const { start, end } = mutation;
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const newline = text.indexOf("\n", end);
  const to = newline < 0 ? text.length : newline;
  return {
    line: text.slice(0, start).split("\n").length,
    before: shorten(text.slice(from, to)),
    after: shorten(text.slice(from, start) + mutation.replacement + text.slice(end, to)),
  };
}

const SHOWN_CHARACTERS = 240;

function shorten(text: string): string {
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > SHOWN_CHARACTERS ? `${flat.slice(0, SHOWN_CHARACTERS)}…` : flat;
}
