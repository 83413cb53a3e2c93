import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceFile } from "typescript/unstable/ast";
import { API, type Project } from "typescript/unstable/async";

/** "Declared but never used", in its forms: the program runs all the same. */
const UNUSED_CODES = new Set([6133, 6138, 6192, 6196, 6198, 6199, 6205]);

/** The TypeScript compiler over a copy of the tree. */
export class Program {
  readonly #api: API;
  readonly #root: string;
  readonly #configuration: string;

  constructor(root: string) {
    this.#root = root;
    this.#configuration = join(root, "tsconfig.json");
    this.#api = new API({ cwd: root });
  }

  async #project(changed: readonly string[] = []): Promise<Project> {
    const snapshot = await this.#api.updateSnapshot({
      openProjects: [this.#configuration],
      fileChanges: { changed: [...changed] },
    });
    const project = snapshot.getProject(this.#configuration);
    if (project === undefined) throw new Error(`${this.#configuration} is no project`);
    return project;
  }

  /** The syntax trees of files, which are given relative to the root. */
  async parse(paths: readonly string[]): Promise<Map<string, SourceFile>> {
    const { program } = await this.#project();
    const trees = new Map<string, SourceFile>();
    for (const path of paths) {
      const tree = await program.getSourceFile(join(this.#root, path));
      if (tree === undefined) throw new Error(`${path} belongs to no project`);
      trees.set(path, tree);
    }
    return trees;
  }

  /** Writes a file, and says whether it compiles. */
  async compiles(path: string, text: string): Promise<boolean> {
    const file = join(this.#root, path);
    writeFileSync(file, text);
    const { program } = await this.#project([file]);
    if ((await program.getSyntacticDiagnostics(file)).length > 0) return false;
    const diagnostics = await program.getSemanticDiagnostics(file);
    return diagnostics.every(({ code }) => UNUSED_CODES.has(code));
  }

  async close(): Promise<void> {
    await this.#api.close();
  }
}
