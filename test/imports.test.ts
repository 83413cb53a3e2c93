/** Holds the source to the import table of docs/ARCHITECTURE.md. */
import { describe, expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { importsOf, readSourceFiles, type SourceFile } from "./support/source-text.ts";

interface Layer {
  /** Folders it may import besides itself. */
  readonly folders: readonly string[];
  /** npm packages. */
  readonly packages: readonly string[];
  /** Modules of the runtime: Node's (also on Bun) and Bun's own. */
  readonly runtime: "none" | "node" | "bun";
}

const ALL = [
  ...[
    "admin",
    "client",
    "coherence",
    "commands",
    "engine",
    "instruments",
    "lib",
    "net",
    "policy",
    "protocol",
    "proxy",
  ],
  ...["replay", "server", "sim", "store", "upstream"],
];

/**
 * A request goes down: net → server | proxy; the service asks its store, and the proxy, on a miss, its origin. Nothing
 * below knows what is above. What runs in a browser page too has no runtime module; `tsconfig.web.json` holds it to
 * that. Nor has protocol, for a parser never sees a socket.
 */
const LAYERS: Record<string, Layer> = {
  lib: { folders: [], packages: [], runtime: "none" },
  policy: { folders: ["lib"], packages: [], runtime: "none" },
  protocol: { folders: ["lib"], packages: [], runtime: "none" },
  coherence: { folders: ["lib"], packages: [], runtime: "none" },
  store: { folders: ["policy", "coherence", "lib"], packages: [], runtime: "none" },
  replay: { folders: ["policy", "lib"], packages: [], runtime: "none" },
  commands: { folders: ["protocol", "lib"], packages: [], runtime: "none" },
  engine: { folders: ["store", "policy", "lib"], packages: ["lmdb"], runtime: "bun" },
  net: { folders: ["protocol", "commands", "lib"], packages: [], runtime: "bun" },
  upstream: { folders: ["protocol", "commands", "coherence", "lib"], packages: [], runtime: "bun" },
  // The library runs on Node too.
  client: { folders: ["protocol", "commands", "lib"], packages: [], runtime: "node" },
  instruments: { folders: ["store", "replay", "policy", "lib"], packages: [], runtime: "none" },
  sim: { folders: ["replay", "policy", "commands", "instruments", "lib"], packages: [], runtime: "node" },
  admin: { folders: ["instruments", "lib"], packages: [], runtime: "bun" },
  server: {
    folders: ["net", "protocol", "commands", "engine", "store", "policy", "instruments", "lib"],
    packages: [],
    runtime: "bun",
  },
  proxy: {
    folders: [
      "net",
      "protocol",
      "commands",
      "upstream",
      "coherence",
      "store",
      "policy",
      "instruments",
      "lib",
    ],
    packages: [],
    runtime: "bun",
  },
  // Types alone of instruments: what the service tells.
  web: {
    folders: ["policy", "replay", "coherence", "sim", "instruments", "lib"],
    packages: ["preact", "@preact/signals", "uplot", "fzstd"],
    runtime: "none",
  },
  cli: { folders: ALL, packages: ["commander", "pino", "zod"], runtime: "bun" },
};

/** Suites shared by several test files lie beside what they test. */
const TEST_SUPPORT = /-(?:conformance|fixture|model)\.ts$/;
const TEST_PACKAGES = ["fast-check"];

const root = join(import.meta.dir, "..");
const files = readSourceFiles(root, ["src", "web"]).filter(({ path }) => !/\.test\.tsx?$/.test(path));

describe("imports", () => {
  test("every file is of a layer", () => {
    expect(files.filter((file) => LAYERS[layerOf(file.path)] === undefined).map(({ path }) => path)).toEqual(
      [],
    );
  });

  test("follow the table", () => {
    expect(files.flatMap(forbiddenImports)).toEqual([]);
  });

  test("lead to files that exist, by their full name", () => {
    const known = new Set(files.map(({ path }) => path));
    const missing = files.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => specifier.startsWith(".") && !specifier.endsWith(".json"))
        .filter((specifier) => !known.has(join(dirname(file.path), specifier)))
        .map((specifier) => `${file.path} → ${specifier}`),
    );
    expect(missing).toEqual([]);
  });

  test("make no cycle", () => {
    const graph = new Map(
      files.map((file) => [
        file.path,
        importsOf(file)
          .filter((specifier) => specifier.startsWith("."))
          .map((specifier) => join(dirname(file.path), specifier)),
      ]),
    );
    expect(findCycle(graph)).toEqual([]);
  });
});

describe("the checks themselves", () => {
  const forbidden = (path: string, text: string): string[] => forbiddenImports({ path, text, code: text });

  test("find what the table forbids", () => {
    expect(forbidden("src/store/a.ts", `import "../engine/engine.ts";`)).toHaveLength(1);
    expect(forbidden("src/lib/a.ts", `import "./b.ts"; import "../cache/b.ts";`)).toHaveLength(1);
    expect(forbidden("src/net/a.ts", `import type { Logger } from "pino";`)).toHaveLength(1);
    expect(forbidden("src/protocol/a.ts", `import "node:net";`)).toHaveLength(1);
    expect(forbidden("src/client/a.ts", `import "node:net"; import "bun";`)).toHaveLength(1);
    expect(forbidden("src/store/a.ts", `import { test } from "bun:test";`)).toHaveLength(1);
    expect(forbidden("src/store/a-conformance.ts", `import { test } from "bun:test";`)).toEqual([]);
    expect(forbidden("src/proxy/a.ts", `import "../upstream/b.ts"; import "./c.ts";`)).toEqual([]);
    expect(forbidden("web/a.ts", `import "../src/sim/b.ts"; import { h } from "preact";`)).toEqual([]);
    expect(forbidden("src/cli/a.ts", `import "../../test/b.ts";`)).toHaveLength(1);
  });

  test("find a cycle", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c", "d"]],
      ["c", []],
      ["d", ["b"]],
    ]);
    expect(findCycle(graph)).toEqual(["b", "d", "b"]);
    graph.set("d", ["c"]);
    expect(findCycle(graph)).toEqual([]);
  });
});

/** The folder below `src`, or `web`. */
function layerOf(path: string): string {
  const parts = path.split("/");
  return parts[0] === "src" && parts.length > 2 ? parts[1]! : parts[0]!;
}

function forbiddenImports(file: SourceFile): string[] {
  const own = layerOf(file.path);
  const layer = LAYERS[own];
  if (layer === undefined) return [];
  const isSupport = TEST_SUPPORT.test(file.path);
  const allowed = (specifier: string): boolean => {
    if (specifier.startsWith(".")) {
      const target = join(dirname(file.path), specifier);
      // The package's own description, for its version.
      if (target === "package.json") return own === "cli";
      // The lists of lessons and documents, whose pages it serves.
      if (/^web\/(?:lessons\/course|docs\/shelf)\.ts$/.test(target) && own === "admin") return true;
      return layerOf(target) === own || layer.folders.includes(layerOf(target));
    }
    if (specifier === "bun:test") return isSupport;
    if (specifier === "bun" || specifier.startsWith("bun:")) return layer.runtime === "bun" || isSupport;
    if (specifier.startsWith("node:")) return layer.runtime !== "none" || isSupport;
    const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
    return layer.packages.includes(name) || (isSupport && TEST_PACKAGES.includes(name));
  };
  return importsOf(file)
    .filter((specifier) => !allowed(specifier))
    .map((specifier) => `${file.path} → ${specifier}`);
}

/** @returns the files of one cycle, the first one again at its end; none when there is none */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string[] => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return [];
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle.length > 0) return cycle;
    }
    path.pop();
    done.add(node);
    return [];
  };
  for (const node of graph.keys()) {
    const cycle = visit(node);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
