/** The packages as npm would publish them: what is in them, and whether every tool finds code and types. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { TemporaryDirectory } from "./support/program.ts";
import { requireNode } from "./support/requirements.ts";

// npm and two linters start slowly on a busy machine.
setDefaultTimeout(120_000);

const ROOT = join(import.meta.dir, "..");
const node = requireNode(20);
const directory = new TemporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

/** @returns what it printed. @throws Error with that when it fails */
function run(command: readonly string[], cwd: string): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], {
    cwd,
    env: { ...process.env, NO_COLOR: "1", npm_config_offline: "true", npm_config_update_notifier: "false" },
  });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}\n${stdout}${stderr}`);
  return String(stdout);
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

for (const [name, folder] of [
  ["glasscache", ROOT],
  ["glasscache-client", join(ROOT, "packages/client")],
] as const) {
  describe.skipIf(!node.available)(node.title(name), () => {
    let packed: Packed;
    let tarball: string;
    let installed: string;

    beforeAll(async () => {
      // What is committed, with the library built into it: packing here would build into the checkout.
      const copy = join(directory.path, `source-${name}`);
      run(["mkdir", "-p", copy], ROOT);
      const files = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "."], folder);
      await Promise.all(
        files
          .split("\0")
          .filter((path) => path !== "")
          .map((path) => Bun.write(join(copy, path), Bun.file(join(folder, path)))),
      );
      run([process.execPath, join(ROOT, "packages/client/build.ts"), join(copy, "dist")], ROOT);
      const options = ["--json", "--ignore-scripts", "--pack-destination", directory.path];
      [packed] = JSON.parse(run(["npm", "pack", ...options], copy)) as [Packed];
      tarball = join(directory.path, packed.filename);
      installed = join(directory.path, `installed-${name}`);
      run(["mkdir", "-p", installed], ROOT);
      run(["tar", "-xzf", tarball, "-C", installed], ROOT);
      await Bun.write(join(installed, "node_modules", name, "package.json"), "");
      run(["rm", "-r", join(installed, "node_modules", name)], ROOT);
      run(["mv", join(installed, "package"), join(installed, "node_modules", name)], ROOT);
    });

    test("the library is small, and nothing but what is needed is in the package", () => {
      const code = Bun.file(join(installed, "node_modules", name, "dist/client.cjs"));
      expect(code.size).toBeLessThan(60_000);
      const paths = packed.files.map(({ path }) => path).sort();
      expect(paths.filter((path) => /\.test\.|-fixture\.|^test\/|^packages\//.test(path))).toEqual([]);
      if (name === "glasscache") return;
      const built = ["client.cjs", "client.d.cts", "client.d.mts", "client.mjs"].map(
        (file) => `dist/${file}`,
      );
      expect(paths).toEqual(["LICENSE", "README.md", ...built, "package.json"]);
      expect(packed.size).toBeLessThan(30_000);
    });

    test("publint finds nothing", () => {
      const publint = join(ROOT, "node_modules/.bin/publint");
      const target = join(installed, "node_modules", name);
      expect(run([publint, "--strict", target], ROOT)).toContain("All good!");
    });

    test("are the types wrong? No", () => {
      const attw = join(ROOT, "node_modules/.bin/attw");
      expect(run([attw, tarball, "--no-emoji", "--format", "ascii"], ROOT)).toContain("No problems found");
    });

    test("the types need nothing but ES2022, in modules and in CommonJS, and refuse what the library refuses", async () => {
      const program = join(installed, "program");
      for (const [extension, type] of [
        ["mts", "module"],
        ["cts", "commonjs"],
      ]) {
        await Bun.write(
          `${program}.${extension}`,
          `import { type Client, connect } from ${JSON.stringify(name)};
          export async function run(): Promise<(string | null)[]> {
            const client: Client = await connect({ port: 8080 });
            const user: { id: number } = await client.getOrSet("a", () => ({ id: 1 }), { as: "json", ttlMs: 5 });
            // @ts-expect-error: objects are stored as JSON only
            await client.put("a", user);
            // @ts-expect-error: the option is ttlMs
            await client.put("a", "b", { ttl: 5 });
            return client.mget(["a", await client.getOrSet("b", () => ${JSON.stringify(type)})]);
          }`,
        );
      }
      const tsc = [join(ROOT, "node_modules/.bin/tsc"), "--noEmit", "--strict", "--types", ""];
      const settings = [
        "--module",
        "nodenext",
        "--target",
        "es2022",
        "--lib",
        "es2022,dom",
        "--skipLibCheck",
        "false",
      ];
      run([...tsc, ...settings, `${program}.mts`, `${program}.cts`], installed);
    });

    test("imports and requires give the same code", () => {
      const names = name === "glasscache" ? [name, `${name}/client`] : [name];
      for (const specifier of names) {
        const program = `
          const { connect, ReplyError } = require(${JSON.stringify(specifier)});
          import(${JSON.stringify(specifier)}).then((module) => {
            console.log(typeof connect, module.connect === connect, module.ReplyError === ReplyError);
            console.log(require(${JSON.stringify(`${name}/package.json`)}).name);
          });`;
        for (const runtime of [node.path, process.execPath]) {
          // Bun takes `glasscache` from its source, and each way of importing for itself.
          const same = runtime === node.path || name !== "glasscache" ? "function true true" : "function";
          const printed = run([runtime, "-e", program], installed);
          expect(printed).toStartWith(same);
          expect(printed.trim()).toEndWith(name);
        }
      }
    });
  });
}

describe.skipIf(!node.available)(node.title("glasscache-client"), () => {
  const description = (path: string) => Bun.file(join(ROOT, path)).json();

  test("has no dependency, and the version of the whole", async () => {
    const [whole, alone] = await Promise.all(
      ["package.json", "packages/client/package.json"].map(description),
    );
    for (const field of ["dependencies", "peerDependencies", "optionalDependencies", "devDependencies"]) {
      expect(alone).not.toHaveProperty(field);
    }
    expect(alone.version).toBe(whole.version);
    expect(alone.license).toBe(whole.license);
    expect(alone.engines).toEqual(whole.engines);
    expect(await Bun.file(join(ROOT, "packages/client/LICENSE")).text()).toBe(
      await Bun.file(join(ROOT, "LICENSE")).text(),
    );
  });
});
