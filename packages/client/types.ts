/** The library's types in one file, without what its users cannot name. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ENTRY = "client/client.d.ts";
/** Names `AsyncDisposable`, which the users' own `lib` need not have. */
const LIB = '/// <reference lib="esnext.disposable" />';

/** @returns the declarations that client.ts exports, and those that they refer to. @throws Error */
export function rollUpTypes(root: string): string {
  const directory = mkdtempSync(join(tmpdir(), "glasscache-types-"));
  try {
    const tsc = [join(root, "node_modules/.bin/tsc"), "-p", "tsconfig.client.json"];
    const command = [...tsc, "--emitDeclarationOnly", "--outDir", directory];
    const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: root });
    if (exitCode !== 0) throw new Error(`${command.join(" ")}\n${stdout}${stderr}`);
    return rollUp(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function rollUp(directory: string): string {
  const declared = new Map<string, string>();
  for (const path of readdirSync(directory, { recursive: true, encoding: "utf8" }).sort()) {
    if (!path.endsWith(".d.ts")) continue;
    for (const statement of statementsOf(readFileSync(join(directory, path), "utf8"))) {
      const name = nameOf(statement);
      if (name === undefined) continue;
      // Of functions with several signatures there is none in the library's own interface.
      declared.set(name, declared.has(name) ? "" : statement);
    }
  }
  const exported = exportsOf(readFileSync(join(directory, ENTRY), "utf8"));
  const needed = new Set<string>();
  const visit = (name: string): void => {
    if (needed.has(name) || !declared.has(name)) return;
    const statement = declared.get(name)!;
    if (statement === "") throw new Error(`${name} is declared twice`);
    needed.add(name);
    for (const [word] of withoutComments(statement).matchAll(/[A-Za-z_]\w*/g)) visit(word);
  };
  for (const name of exported) {
    if (!declared.has(name)) throw new Error(`${name} is exported and not declared`);
    visit(name);
  }
  const statements = [...needed].map((name) => {
    const plain = declared.get(name)!.replace(/^(?:export )?(declare )?/m, "$1");
    return exported.has(name) ? plain.replace(/^(?=declare |interface |type )/m, "export ") : plain;
  });
  return `${LIB}\n${statements.join("\n")}\nexport {};\n`;
}

/** The statements of a file, each with its comment; without imports and lists of exports. */
function statementsOf(text: string): string[] {
  const statements: string[] = [];
  let comment: string[] = [];
  let lines: string[] = [];
  for (const line of text.split("\n")) {
    if (lines.length === 0 && /^(?:\/\*\*| \*)/.test(line)) {
      // A comment that another one follows is the file's.
      if (line.startsWith("/**")) comment = [];
      comment.push(line);
      continue;
    }
    if (line === "") continue;
    lines.push(line);
    if (!isComplete(lines)) continue;
    const statement = trimmed([...comment, ...lines].join("\n"));
    if (nameOf(statement) !== undefined) statements.push(statement);
    comment = [];
    lines = [];
  }
  return statements;
}

/** Types, constants and functions end with a semicolon, all else with its block. */
function isComplete(lines: readonly string[]): boolean {
  const code = withoutComments(lines.join("\n"));
  const opened = code.split("{").length;
  const closed = code.split("}").length;
  if (opened !== closed) return false;
  return /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface) /.test(code)
    ? opened > 1
    : code.trimEnd().endsWith(";");
}

function nameOf(statement: string): string | undefined {
  return /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|function|const) (\w+)/m.exec(
    withoutComments(statement),
  )?.[1];
}

/** What `export { … }` and `export type { … }` list, and what is declared as exported. */
function exportsOf(text: string): Set<string> {
  const names = new Set<string>();
  for (const [, list] of text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)) {
    for (const name of list!.split(",")) if (name.trim() !== "") names.add(name.trim());
  }
  for (const statement of statementsOf(text)) {
    const name = nameOf(statement);
    if (name !== undefined && /^export /m.test(withoutComments(statement))) names.add(name);
  }
  return names;
}

/** Members that only the library uses left out, and indented by tabs. */
function trimmed(statement: string): string {
  return statement
    .replace(/ *\/\*\*[^\n]*\*\/\n *constructor\(link: ReconnectingLink\);/, "    private constructor();")
    .replace(/^ {4}#private;\n/m, "")
    .replaceAll(/^(?: {4})+/gm, (spaces) => "\t".repeat(spaces.length / 4));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "");
}
