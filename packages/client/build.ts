/**
 * Builds the client library as it is published: `bin/bun packages/client/build.ts [directory]`; by default where both
 * packages have it, packages/client/dist (`glasscache-client`) and dist (`glasscache`).
 *
 * One bundle, in CommonJS, which the ES module re-exports. So a program that comes to the library both ways has one
 * copy of it, and one `ReplyError`.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rollUpTypes } from "./types.ts";

const ROOT = join(import.meta.dir, "../..");
const ENTRY = join(ROOT, "src/client/client.ts");

const [directory] = process.argv.slice(2);
const first = directory ?? join(import.meta.dir, "dist");
rmSync(first, { recursive: true, force: true });
mkdirSync(first, { recursive: true });
const names = Object.keys(await import(ENTRY)).sort();
writeFileSync(join(first, "client.cjs"), await bundle());
writeFileSync(
  join(first, "client.mjs"),
  `import client from "./client.cjs";\nexport const { ${names.join(", ")} } = client;\n`,
);
writeFileSync(join(first, "client.d.cts"), rollUpTypes(ROOT));
writeFileSync(join(first, "client.d.mts"), 'export * from "./client.cjs";\n');
if (directory === undefined) {
  const second = join(ROOT, "dist");
  rmSync(second, { recursive: true, force: true });
  cpSync(first, second, { recursive: true });
}

async function bundle(): Promise<string> {
  const { outputs } = await Bun.build({ entrypoints: [ENTRY], target: "node", format: "esm", minify: true });
  return `"use strict";${toCommonJs((await outputs[0]!.text()).trimEnd())}\n`;
}

/** The bundler's own CommonJS has a kilobyte of helpers for cases that one bundle without cycles does not have. */
function toCommonJs(code: string): string {
  const pairs = (list: string) => list.replaceAll(/([\w$]+) as ([\w$]+)/g, "$1:$2");
  const body = code
    .replaceAll(
      /\bimport\{([^}]*)\}from("node:[a-z]+");/g,
      (_, list, from) => `const{${pairs(list)}}=require(${from});`,
    )
    .replace(/export\{([^}]*)\};?$/, (_, list: string) => {
      const exported = list.split(",").map((pair) => pair.replace(/^([\w$]+) as ([\w$]+)$/, "$2:$1"));
      return `module.exports={${exported.join(",")}};`;
    });
  if (!body.includes("module.exports=") || /(?:^|[;}])(?:import|export)[{ *"]/m.test(body)) {
    throw new Error("the bundle has imports or exports of a form that is not known here");
  }
  return body;
}
