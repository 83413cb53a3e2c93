/**
 * Programs that some tests need and that are no part of the project. Where one is missing its tests are skipped,
 * with the reason in their title; with `GLASSCACHE_REQUIRE_ALL=1`, as in CI, it is an error instead.
 */
export interface Requirement {
  readonly available: boolean;
  /** Why not; empty when available. */
  readonly reason: string;
  /** The program's path; empty when it is not available. */
  readonly path: string;
  /** `text`, with the reason behind it when the test is skipped: for titles of tests and groups. */
  title(text: string): string;
}

/**
 * Looks for a program on the PATH and where Debian keeps daemons. Use it so:
 * `describe.skipIf(!redis.available)(redis.title("against Redis"), …)`.
 * @param others names under which it may be found instead
 * @throws Error when it is missing although `GLASSCACHE_REQUIRE_ALL` is set
 */
export function requireProgram(name: string, ...others: readonly string[]): Requirement {
  const PATH = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin`;
  const path = [name, ...others].map((each) => Bun.which(each, { PATH })).find((found) => found !== null);
  return requirement(path ?? "", path === undefined ? `needs ${name}, which is not on the PATH` : "");
}

/** Looks for a module of the system's `python3`. @throws Error as `requireProgram` does */
export function requirePythonModule(module: string): Requirement {
  // The distribution's Python before others: its packages are what the documentation tells people to install.
  const python = Bun.which("python3", { PATH: `/usr/bin:${process.env["PATH"] ?? ""}` });
  if (python === null) return requirement("", "needs python3, which is not on the PATH");
  const probe = Bun.spawnSync([python, "-c", `import ${module}`], { stdout: "ignore", stderr: "ignore" });
  return requirement(python, probe.success ? "" : `needs Python's module ${module}`);
}

/** Looks for Node in at least the given major version. @throws Error as `requireProgram` does */
export function requireNode(majorVersion: number): Requirement {
  const node = requireProgram("node");
  if (!node.available) return node;
  const version = Bun.spawnSync([node.path, "--version"]).stdout.toString().trim();
  const enough = Number(/^v([0-9]+)\./.exec(version)?.[1]) >= majorVersion;
  return requirement(node.path, enough ? "" : `needs Node ${majorVersion} or newer, and node is ${version}`);
}

function requirement(path: string, reason: string): Requirement {
  if (reason !== "" && process.env["GLASSCACHE_REQUIRE_ALL"] === "1") {
    throw new Error(`GLASSCACHE_REQUIRE_ALL is set, and a test ${reason}`);
  }
  return {
    available: reason === "",
    reason,
    path: reason === "" ? path : "",
    title: (text) => (reason === "" ? text : `${text} (skipped: ${reason})`),
  };
}
